// The sum's inner loop on 128-bit vectors. It adds integers and nothing else: its result is the plain loop's, bit for bit
// (test/protocol/strategy/weighted-sum.test.ts).
//
// For four columns a, b, c, d of 16-bit integers and 32-bit sums, eight coordinates a turn:
//   sums += a * wa + b * wb + c * wc + d * wd      (i32x4.dot_i16x8_s on interleaved columns)
import {
  assembleKernel,
  get,
  type KernelMemory,
  lanes16,
  lanes32,
  load,
  set,
  step,
  store,
  whileLess,
} from "../../foundation/vector-kernel.ts";

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

const [weightsAB, weightsCD, sums, sumsEnd] = [4, 5, 6, 7];
const [splatAB, splatCD, firstVector] = [8, 9, 10];

function kernelOver(loadColumn: readonly number[], columnBytes: number): (memory: KernelMemory) => DotKernel {
  const columns = [0, 1, 2, 3];
  const products = (interleaved: readonly number[], first: number, weights: number) => [
    ...[...get(firstVector + first), ...get(firstVector + first + 1), ...interleaved],
    ...[...get(weights), ...lanes32.dot],
  ];
  const addTo = (offset: number, interleaved: readonly number[]) => [
    ...[...get(sums), ...get(sums), ...load(offset)],
    ...[...products(interleaved, 0, splatAB), ...lanes32.add],
    ...[...products(interleaved, 2, splatCD), ...lanes32.add],
    ...store(offset),
  ];
  return assembleKernel({ parameters: 8, vectors: 6 }, [
    ...[...get(weightsAB), ...lanes32.splat, ...set(splatAB)],
    ...[...get(weightsCD), ...lanes32.splat, ...set(splatCD)],
    ...whileLess(
      sums,
      sumsEnd,
      ...columns.map((column) => [...get(column), ...loadColumn, ...set(firstVector + column)]),
      addTo(0, lanes16.zipLower),
      addTo(16, lanes16.zipUpper),
      ...columns.map((column) => step(column, columnBytes)),
      step(sums, 32),
    ),
  ]);
}

/** The kernels over a memory, for columns of each type. */
export const dotKernels = { I8: kernelOver(lanes16.loadBytes, 8), I16: kernelOver(load(), 16) } as const;
