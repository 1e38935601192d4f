// A model's tensors, read and written piece by piece in the order of the file, with few and large reads and writes.
import type { TensorEntry } from "../safetensors.ts";
import type { ByteSink, ByteSource } from "../update/byte-source.ts";

const windowBytes = 256 * 1024;

/** Reads float32 values of tensors, going forwards through the file. */
export class TensorReader {
  readonly #source: ByteSource;
  readonly #entries: ReadonlyMap<string, TensorEntry>;
  #windowStart = 0;
  #window = new Uint8Array(0);

  constructor(source: ByteSource, tensors: readonly TensorEntry[]) {
    this.#source = source;
    this.#entries = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }

  /** Fills `into` with the tensor's values from position `from`; with zeros where the file has no such tensor. */
  async read(name: string, from: number, into: Float32Array): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      into.fill(0);
      return;
    }
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    let offset = entry.offset + 4 * from;
    for (let done = 0; done < bytes.byteLength; ) {
      if (offset < this.#windowStart || offset >= this.#windowStart + this.#window.byteLength) {
        this.#window = new Uint8Array(
          await this.#source.read(offset, Math.min(windowBytes, this.#source.size - offset)),
        );
        this.#windowStart = offset;
      }
      const at = offset - this.#windowStart;
      const part = this.#window.subarray(at, at + bytes.byteLength - done);
      bytes.set(part, done);
      done += part.byteLength;
      offset += part.byteLength;
    }
  }
}

/** Writes float32 values of tensors; neighbours in the file become one write. */
export class TensorWriter {
  readonly #sink: ByteSink;
  readonly #entries: ReadonlyMap<string, TensorEntry>;
  readonly #window = new Uint8Array(windowBytes);
  #windowStart = 0;
  #filled = 0;

  constructor(sink: ByteSink, entries: readonly TensorEntry[]) {
    this.#sink = sink;
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));
  }

  async write(name: string, from: number, values: Float32Array): Promise<void> {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const offset = (this.#entries.get(name) as TensorEntry).offset + 4 * from;
    if (offset !== this.#windowStart + this.#filled) await this.flush(offset);
    for (let done = 0; done < bytes.byteLength; ) {
      if (this.#filled === windowBytes) await this.flush(offset + done);
      const part = bytes.subarray(done, done + windowBytes - this.#filled);
      this.#window.set(part, this.#filled);
      this.#filled += part.byteLength;
      done += part.byteLength;
    }
  }

  /** Writes what is held back; goes on at `next`. */
  async flush(next = 0): Promise<void> {
    if (this.#filled > 0) await this.#sink.write(this.#windowStart, this.#window.subarray(0, this.#filled));
    this.#windowStart = next;
    this.#filled = 0;
  }
}
