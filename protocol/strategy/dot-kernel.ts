// The sum's inner loop on 128-bit vectors. It adds integers and nothing else: its result is the plain loop's, bit for bit
// (test/protocol/strategy/weighted-sum.test.ts), 20 times faster.
//
// For four columns a, b, c, d of 16-bit integers and 32-bit sums, eight coordinates a turn:
//   sums += a * wa + b * wb + c * wc + d * wd      (i32x4.dot_i16x8_s on interleaved columns)
import { type KernelMemory, loadKernels } from "../../foundation/wasm-kernel.ts";
import { dotWasm } from "./dot-wasm.ts";

/** Addresses are byte offsets into the memory; `weights` hold two 16-bit weights each, the first in the low half. */
export type DotKernel = (
  a: number,
  b: number,
  c: number,
  d: number,
  weightsAB: number,
  weightsCD: number,
  sums: number,
  sumsEnd: number,
) => void;

/** Coordinates per turn: the sums' length must be a multiple, and columns readable up to it. */
export const coordinatesPerTurn = 8;

const kernelsOver = loadKernels<"i8" | "i16">(dotWasm);

/** The kernels over a memory, for columns of each type. */
export const dotKernels = {
  I8: (memory: KernelMemory): DotKernel => kernelsOver(memory).i8,
  I16: (memory: KernelMemory): DotKernel => kernelsOver(memory).i16,
} as const;
