// Numbers of a million files: lists that grow block by block outside the JavaScript heap, so that the garbage collector
// neither scans nor copies them.

const blockLength = 2 ** 14;

/** A list of numbers: integers below 2^32 ("uint32"), or any. */
export class Column {
  readonly #kind: Uint32ArrayConstructor | Float64ArrayConstructor;
  readonly #blocks: (Uint32Array | Float64Array)[] = [];
  #length = 0;

  constructor(kind: "uint32" | "float64") {
    this.#kind = kind === "uint32" ? Uint32Array : Float64Array;
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    const at = this.#length % blockLength;
    if (at === 0) this.#blocks.push(new this.#kind(blockLength));
    this.#blocks.at(-1)![at] = value;
    this.#length++;
  }

  at(index: number): number {
    return this.#blocks[Math.floor(index / blockLength)]![index % blockLength]!;
  }
}

/** A list of texts of less than 64 KiB each, kept as UTF-8. */
export class TextColumn {
  readonly #places = new Column("float64");
  readonly #blocks: Buffer[] = [];
  #filled = blockBytes;

  push(text: string): void {
    const bytes = Buffer.byteLength(text);
    if (this.#filled + bytes + 2 > blockBytes) {
      this.#blocks.push(Buffer.allocUnsafeSlow(blockBytes));
      this.#filled = 0;
    }
    const block = this.#blocks.at(-1)!;
    this.#places.push((this.#blocks.length - 1) * blockBytes + this.#filled);
    block.writeUInt16LE(bytes, this.#filled);
    block.write(text, this.#filled + 2);
    this.#filled += bytes + 2;
  }

  at(index: number): string {
    const place = this.#places.at(index);
    const block = this.#blocks[Math.floor(place / blockBytes)]!;
    const from = (place % blockBytes) + 2;
    return block.toString("utf8", from, from + block.readUInt16LE(from - 2));
  }
}

const blockBytes = 2 ** 18;
