// A model moved by the mean change, on 128-bit vectors: four coordinates a turn, in 64-bit floats, rounded where and as
// JavaScript would (test/protocol/strategy/mean-kernel.test.ts), 4 times faster or more.
//   values = float32(values + sums / total * unit)
import { type Kernel, type KernelMemory, loadKernels } from "../../foundation/wasm-kernel.ts";
import { moveValuesWasm } from "./move-values-wasm.ts";

const kernelOver = loadKernels<"move">(moveValuesWasm);
const turn = 4;
/** Two numbers of 64 bits, then four floats: 0, or NaN where a result was infinite or NaN. */
const constantsBytes = 32;

/** Room for a stretch of values in a kernel's memory, and the kernel. */
export class MeanKernel {
  readonly #kernel: Kernel;
  readonly #values: Float32Array;
  readonly #constants: Float64Array;
  readonly #doubt: Float32Array;

  /** Bytes of the memory that it needs for stretches of up to `length` values. */
  static bytesFor(length: number): number {
    return 4 * length + constantsBytes;
  }

  /** @param offset where its bytes begin: a multiple of 8 */
  constructor(memory: KernelMemory, offset: number, length: number) {
    this.#kernel = kernelOver(memory).move;
    this.#constants = new Float64Array(memory.buffer, offset, 2);
    this.#doubt = new Float32Array(memory.buffer, offset + 16, 4);
    this.#values = new Float32Array(memory.buffer, offset + constantsBytes, length);
  }

  /** Where a stretch of values must stand. */
  values(length: number): Float32Array {
    return this.#values.subarray(0, length);
  }

  /**
   * Moves the values; as many as `sums` are, which lie in the same memory.
   * @returns how many of them are done: the last few are the caller's; and whether those are finite
   */
  move(sums: Int32Array, total: number, unit: number): { readonly done: number; readonly areFinite: boolean } {
    const done = sums.length - (sums.length % turn);
    if (done === 0) return { done, areFinite: true };
    this.#constants.set([total, unit]);
    this.#doubt.fill(0);
    const { byteOffset } = this.#values;
    this.#kernel(byteOffset, byteOffset + 4 * done, sums.byteOffset, this.#constants.byteOffset);
    return { done, areFinite: this.#doubt.every((lane) => lane === 0) };
  }
}
