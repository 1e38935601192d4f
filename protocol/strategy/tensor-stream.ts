// Reads and writes a model's tensors piece by piece in the order of the file, with few and large reads and writes.
import { FedError } from "../../foundation/errors.ts";
import type { TensorEntry } from "../format/safetensors.ts";
import type { ByteSink, ByteSource } from "../update/byte-source.ts";

const windowBytes = 256 * 1024;

/** Reads float32 values of tensors, going forwards through the file. */
export class TensorReader {
  readonly #source: ByteSource;
  readonly #entries: ReadonlyMap<string, TensorEntry>;
  /** Bytes read at once, so that many small tensors need few reads. */
  readonly #window = new Uint8Array(windowBytes);
  #windowStart = 0;
  #filled = 0;

  constructor(source: ByteSource, tensors: readonly TensorEntry[]) {
    this.#source = source;
    this.#entries = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  /**
   * Fills `into` with the tensor's values from position `from`; with zeros where the file has no such tensor.
   * @throws SAFETENSORS_MALFORMED
   */
  async read(name: string, from: number, into: Float32Array): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      into.fill(0);
      return;
    }
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    let offset = entry.offset + 4 * from;
    for (let done = 0; done < bytes.byteLength; ) {
      const at = offset - this.#windowStart;
      const isHere = at >= 0 && at < this.#filled;
      const part = isHere
        ? this.#window.subarray(at, Math.min(this.#filled, at + bytes.byteLength - done))
        : await this.#readOn(offset, bytes.subarray(done));
      if (part !== undefined) {
        if (part.buffer !== bytes.buffer) bytes.set(part, done);
        done += part.byteLength;
        offset += part.byteLength;
      }
    }
  }

  /** Reads directly if more than a window is requested, else fills the window. */
  async #readOn(offset: number, wanted: Uint8Array): Promise<Uint8Array | undefined> {
    if (wanted.byteLength >= windowBytes) return this.#source.read(offset, wanted.byteLength, wanted);
    const target = this.#window.subarray(0, Math.min(windowBytes, this.#source.size - offset));
    if (target.byteLength === 0) throw new FedError("SAFETENSORS_MALFORMED", { what: "tensor beyond the file" });
    const bytes = await this.#source.read(offset, target.byteLength, target);
    if (bytes !== target) target.set(bytes);
    this.#windowStart = offset;
    this.#filled = target.byteLength;
    return undefined;
  }
}

/** Written at the same time at most, while the next window is filled. */
const windowsOnTheirWay = 3;

/** Writes float32 values of tensors; neighbours in the file become one write, and nobody waits for it. */
export class TensorWriter {
  readonly #sink: ByteSink;
  readonly #entries: ReadonlyMap<string, TensorEntry>;
  /** Oldest first; each resolves to its window, which may be filled again. */
  readonly #onTheirWay: Promise<Uint8Array<ArrayBuffer>>[] = [];
  #window = new Uint8Array(windowBytes);
  #windowStart = 0;
  #filled = 0;

  constructor(sink: ByteSink, entries: readonly TensorEntry[]) {
    this.#sink = sink;
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
  }

  async write(name: string, from: number, values: Float32Array): Promise<void> {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const offset = (this.#entries.get(name) as TensorEntry).offset + 4 * from;
    if (offset !== this.#windowStart + this.#filled) await this.#next(offset);
    for (let done = 0; done < bytes.byteLength; ) {
      if (this.#filled === windowBytes) await this.#next(offset + done);
      const part = bytes.subarray(done, done + windowBytes - this.#filled);
      this.#window.set(part, this.#filled);
      this.#filled += part.byteLength;
      done += part.byteLength;
    }
  }

  /** Resolves when everything that was held back is written. */
  async flush(): Promise<void> {
    await this.#next(0);
    await Promise.all(this.#onTheirWay.splice(0));
  }

  /** Writes what is held back, and continues at `start`. */
  async #next(start: number): Promise<void> {
    if (this.#filled > 0) {
      const writing = this.#send(this.#window, this.#windowStart, this.#filled);
      writing.catch(() => {}); // it is awaited later, unless the caller has given up by then
      this.#onTheirWay.push(writing);
      const isFull = this.#onTheirWay.length > windowsOnTheirWay;
      this.#window = (isFull && (await this.#onTheirWay.shift())) || new Uint8Array(windowBytes);
    }
    this.#windowStart = start;
    this.#filled = 0;
  }

  async #send(window: Uint8Array<ArrayBuffer>, start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    await this.#sink.write(start, window.subarray(0, length));
    return window;
  }
}
