// Pixels averaged in squares, which makes memory and time of all that follows independent of the scanner's matrix. Every
// pixel of every slice goes through here, nearly always in squares of two or three: these are done eight means a turn.

import {
  add,
  constant,
  get,
  type Kernel,
  lanes16,
  lanes32,
  load,
  set,
  step,
  store,
  whileLess,
} from "../../foundation/vector-kernel.ts";
import { LOWEST_HU } from "../dicom/hounsfield.ts";
import { assembleKernel, isInKernelMemory, kernelMemory } from "./kernel-memory.ts";

/**
 * Memory for a frame that is to be shrunk, which need not be copied then. Whatever else the kernels do overwrites it, or
 * moves it: asked for anew with each frame.
 */
export function frameMemory(pixels: number): Int16Array {
  return new Int16Array(kernelMemory(4 * pixels), 0, pixels);
}

/**
 * Means of factor x factor pixels, halves up; what is left of an incomplete last row or column is cut off.
 *
 * @param values LOWEST_HU to HIGHEST_HU
 */
export function shrinkPixels(values: Int16Array, from: { rows: number; columns: number }, factor: number): Int16Array {
  const rows = Math.floor(from.rows / factor);
  const columns = Math.floor(from.columns / factor);
  const kernel = factor === 2 ? halves : factor === 3 ? thirds : undefined;
  if (!kernel) return meansOfSquares(values, from.columns, { rows, columns }, factor);
  const isThere = isInKernelMemory(values);
  const start = isThere ? values.byteOffset : 0;
  const outAt = (start + values.byteLength + 15) & ~15;
  const memory = kernelMemory(outAt + 2 * rows * columns);
  if (!isThere) new Int16Array(memory, 0, values.length).set(values);
  const [rowBytes, outBytes] = [2 * from.columns, 2 * columns];
  kernel(start, rowBytes, factor * outBytes, outAt, outAt + rows * outBytes, outBytes);
  return new Int16Array(memory, outAt, rows * columns).slice();
}

/** The same for any factor. */
function meansOfSquares(
  values: Int16Array,
  stride: number,
  { rows, columns }: { rows: number; columns: number },
  factor: number,
): Int16Array {
  const means = new Int16Array(rows * columns);
  const sums = new Int32Array(columns * factor);
  for (let row = 0, mean = 0; row < rows; row++) {
    sums.fill(0);
    for (let line = 0, start = row * factor * stride; line < factor; line++, start += stride)
      for (let column = 0; column < sums.length; column++) sums[column]! += values[start + column]!;
    for (let first = 0; first < sums.length; first += factor) {
      let sum = sums[first]!;
      for (let k = 1; k < factor; k++) sum += sums[first + k]!;
      means[mean++] = Math.round(sum / (factor * factor));
    }
  }
  return means;
}

// What kernels are told: where a row of squares begins, bytes from row to row, bytes of squares in a row; where its means go,
// where all of them end, and bytes of them in a row.
const [top, stride, span, means, meansEnd, meansSpan] = [0, 1, 2, 3, 4, 5];
// Where a turn reads, and writes.
const [first, second, third, end, out] = [6, 7, 8, 9, 10];
const [parameters, numbers, firstVector] = [6, 5, 11];

/** Rows of squares of `factor` pixels, eight means a turn. It may go on beyond its row: the next row overwrites that. */
function squaresKernel(factor: 2 | 3, vectors: number, begin: readonly number[], turn: readonly number[]): Kernel {
  const lines = [first, second, third].slice(0, factor);
  const nextRow = [...get(stride), ...add];
  const body = whileLess(
    means,
    meansEnd,
    lines.flatMap((line, index) => [...get(top), ...new Array(index).fill(nextRow).flat(), ...set(line)]),
    [...get(top), ...get(span), ...add, ...set(end), ...get(means), ...set(out)],
    whileLess(first, end, turn, ...lines.map((line) => step(line, 16 * factor)), step(out, 16)),
    [...get(top), ...lines.flatMap(() => nextRow), ...set(top)],
    [...get(means), ...get(meansSpan), ...add, ...set(means)],
  );
  return assembleKernel({ parameters, numbers, vectors }, [...begin, ...body]);
}

const halves = (() => {
  const two = firstVector;
  const four = (offset: number) => [
    ...[...get(first), ...load(offset), ...lanes32.pairs],
    ...[...get(second), ...load(offset), ...lanes32.pairs, ...lanes32.add],
    ...[...get(two), ...lanes32.add, ...constant(2), ...lanes32.shiftRightSigned],
  ];
  const begin = [...constant(2), ...lanes32.splat, ...set(two)];
  return squaresKernel(2, 1, begin, [...get(out), ...four(0), ...four(16), ...lanes16.fromLanes32, ...store()]);
})();

const thirds = (() => {
  const sums = [firstVector, firstVector + 1, firstVector + 2] as const;
  const [raised, ninth, lift, lowest] = [firstVector + 3, firstVector + 4, firstVector + 5, firstVector + 6];
  // floor((sum + 4) / 9) without a division: the sum, lifted by nine times the lowest, is 4 to 36859, and there the product
  // with 2^19 / 9, rounded up, is exact.
  const [shift, factor] = [19, Math.ceil(2 ** 19 / 9)];
  const sumOf = (index: number) => [
    ...[...get(first), ...load(16 * index), ...get(second), ...load(16 * index), ...lanes16.add],
    ...[...get(third), ...load(16 * index), ...lanes16.add, ...set(sums[index]!)],
  ];
  // Lanes k, k + 3, k + 6, ... of the three vectors of sums.
  const everyThird = (k: number) => {
    const lanes = Array.from({ length: 8 }, (_, index) => 3 * index + k);
    return [
      ...[...get(sums[0]), ...get(sums[1]), ...lanes16.pick(lanes.map((lane) => lane % 16))],
      ...[...get(sums[2]), ...lanes16.pick(lanes.map((lane, index) => (lane < 16 ? index : lane - 8)))],
    ];
  };
  const quotient = (product: readonly number[]) => [
    ...[...get(raised), ...get(ninth), ...product, ...constant(shift), ...lanes32.shiftRightUnsigned],
  ];
  const splat = (value: number, into: number) => [...constant(value), ...lanes16.splat, ...set(into)];
  const begin = [...splat(factor, ninth), ...splat(4 - 9 * LOWEST_HU, lift), ...splat(-LOWEST_HU, lowest)];
  return squaresKernel(3, 7, begin, [
    ...[...sumOf(0), ...sumOf(1), ...sumOf(2)],
    ...[...everyThird(0), ...everyThird(1), ...lanes16.add, ...everyThird(2), ...lanes16.add],
    ...[...get(lift), ...lanes16.add, ...set(raised)],
    ...[...get(out), ...quotient(lanes32.productLower), ...quotient(lanes32.productUpper), ...lanes16.fromLanes32],
    ...[...get(lowest), ...lanes16.subtract, ...store()],
  ]);
})();
