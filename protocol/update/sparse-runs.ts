// Reads a sparse update (protocol/update/sparse-coding.ts) as runs of the flat vector, in constant memory.
import { FedError } from "../../foundation/errors.ts";
import type { ByteSource } from "./byte-source.ts";
import { type IntegerArray, integerArray, viewIntegers } from "./integers.ts";
import type { UpdateLayout } from "./update-layout.ts";

const windowBytes = 64 * 1024;

/** A part of a file, read window by window. */
export class ByteWindow {
  readonly #source: ByteSource;
  #offset: number;
  #left: number;
  bytes = new Uint8Array(0);

  constructor(source: ByteSource, offset: number, length: number) {
    this.#source = source;
    this.#offset = offset;
    this.#left = length;
  }

  /** True when the last window was the last. */
  get ended(): boolean {
    return this.#left === 0;
  }

  async advance(): Promise<void> {
    const length = Math.min(windowBytes, this.#left);
    this.bytes = new Uint8Array(await this.#source.read(this.#offset, length));
    this.#offset += length;
    this.#left -= length;
  }
}

export class SparseRuns {
  readonly #layout: UpdateLayout;
  readonly #valueBytes: ByteWindow;
  readonly #gapBytes: ByteWindow;
  #values: IntegerArray;
  #value = 0;
  #gap = 0;
  /** The coordinate that the gaps have reached, and whether its value is not placed yet. */
  #position = -1;
  #pending = false;
  #start = 0;

  constructor(layout: UpdateLayout, values: ByteWindow, gaps: ByteWindow) {
    this.#layout = layout;
    this.#valueBytes = values;
    this.#gapBytes = gaps;
    this.#values = integerArray(layout.type, 0);
  }

  /** Fills `run` with the next coordinates. @throws UPDATE_MALFORMED */
  async next(run: IntegerArray): Promise<void> {
    run.fill(0);
    const end = this.#start + run.length;
    while (!this.#place(run, end)) {
      if (this.#pending) {
        if (this.#valueBytes.ended) throw new FedError("UPDATE_MALFORMED", { where: "values" });
        await this.#valueBytes.advance();
        this.#values = viewIntegers(this.#layout.type, this.#valueBytes.bytes);
        this.#value = 0;
      } else {
        if (this.#gapBytes.ended) break;
        await this.#gapBytes.advance();
        this.#gap = 0;
      }
    }
    this.#start = end;
    if (end === this.#layout.coordinates) this.#finish();
  }

  /** Places values below `end` as far as the windows reach; false if a window must advance. */
  #place(run: IntegerArray, end: number): boolean {
    const gaps = this.#gapBytes.bytes;
    for (;;) {
      if (this.#pending) {
        if (this.#position >= end) return true;
        if (this.#value === this.#values.length) return false;
        const value = this.#values[this.#value++]!;
        if (value === 0) throw new FedError("UPDATE_MALFORMED", { where: "values" });
        run[this.#position - this.#start] = value;
        this.#pending = false;
      }
      if (this.#position >= end - 1) return true;
      if (this.#gap === gaps.length) return false;
      const gap = gaps[this.#gap++]!;
      this.#position += gap === 0 ? 255 : gap;
      this.#pending = gap !== 0;
      if (this.#position >= this.#layout.coordinates) throw new FedError("UPDATE_MALFORMED", { where: "gaps" });
    }
  }

  #finish(): void {
    const gapsLeft = this.#gap < this.#gapBytes.bytes.length || !this.#gapBytes.ended;
    const valuesLeft = this.#value < this.#values.length || !this.#valueBytes.ended;
    // A last byte 0 would place nothing: a second encoding of the same vector.
    const trailing = this.#gapBytes.bytes.at(-1) === 0;
    if (this.#pending || gapsLeft || valuesLeft || trailing)
      throw new FedError("UPDATE_MALFORMED", { where: "length" });
  }
}
