// Exact weighted sums of integers: every partial sum is an integer below 2^53 (in the vector kernel, below 2^31), so
// any order of hospitals, and either of the two ways of adding below, gives the same sum.
import { FedError } from "../../foundation/errors.ts";
import { type IntegerArray, largestInteger, maxUpdates, type UpdateType } from "../update/integers.ts";
import type { DotKernel } from "./dot-kernel.ts";

/**
 * The weights' total.
 * @throws SUM_OVERFLOW where the sum of that many integers of the type might not be exact
 */
export function totalWeight(weights: readonly number[], type: UpdateType): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (weights.length > maxUpdates || total * largestInteger[type] >= 2 ** 53 || total <= 0) {
    throw new FedError("SUM_OVERFLOW", { updates: weights.length, total, type });
  }
  return total;
}

/** sums[i] = sum over hospitals of weights[h] * columns[h][i], in plain JavaScript. */
export function weightedSum(columns: readonly IntegerArray[], weights: readonly number[], sums: Float64Array): void {
  sums.fill(0);
  columns.forEach((column, hospital) => {
    const weight = weights[hospital]!;
    for (let index = 0; index < sums.length; index++) {
      sums[index] = sums[index]! + weight * column[index]!;
    }
  });
}

/** A column (by its address) times a weight that fits the kernel; the product counts `scale` times. */
interface Term {
  readonly address: number;
  readonly weight: number;
  readonly scale: number;
}

/** Weights are cut into digits of 15 bits, and summed in groups whose total keeps 32-bit sums exact. */
const digitBits = 15;
const largestGroup = 2 ** 16;

/** Terms in groups: of one scale each, and with weights that add up to less than 2^16 (so |sum| < 2^31). */
export function kernelGroups(weights: readonly number[], addresses: readonly number[]): Term[][] {
  const terms = weights.flatMap((weight, hospital) => {
    const address = addresses[hospital]!;
    const high = Math.floor(weight / 2 ** digitBits);
    return [
      { address, weight: weight - high * 2 ** digitBits, scale: 1 },
      { address, weight: high, scale: 2 ** digitBits },
    ].filter((term) => term.weight > 0);
  });
  terms.sort((a, b) => a.scale - b.scale);
  const groups: Term[][] = [];
  let room = 0;
  for (const term of terms) {
    const group = groups.at(-1);
    if (group === undefined || group[0]?.scale !== term.scale || room <= term.weight) {
      groups.push([term]);
      room = largestGroup - term.weight;
    } else {
      group.push(term);
      room -= term.weight;
    }
  }
  return groups;
}

/**
 * The same sums by the vector kernel.
 * @param partial the kernel's 32-bit sums, in its memory; as many as `sums`, rounded up to a multiple of 8
 * @returns the sums: `sums`, or `partial` where one group is all
 */
export function weightedSumByKernel(
  kernel: DotKernel,
  groups: readonly (readonly Term[])[],
  partial: Int32Array,
  sums: Float64Array,
): Float64Array | Int32Array {
  const alone = groups.length === 1 && groups[0]?.[0]?.scale === 1;
  if (!alone) sums.fill(0);
  for (const group of groups) {
    partial.fill(0);
    for (let first = 0; first < group.length; first += 4) {
      const address = (place: number) => (group[first + place] ?? group[first]!).address;
      const weight = (place: number) => group[first + place]?.weight ?? 0;
      kernel(
        address(0),
        address(1),
        address(2),
        address(3),
        weight(0) | (weight(1) << 16),
        weight(2) | (weight(3) << 16),
        partial.byteOffset,
        partial.byteOffset + partial.byteLength,
      );
    }
    if (alone) return partial.subarray(0, sums.length);
    addScaled(partial, group[0]?.scale ?? 1, sums);
  }
  return sums;
}

function addScaled(partial: Int32Array, scale: number, sums: Float64Array): void {
  for (let index = 0; index < sums.length; index++) {
    sums[index] = sums[index]! + scale * partial[index]!;
  }
}
