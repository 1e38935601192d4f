// Slices averaged to fewer, thicker ones. Every pixel of a scan goes into it, so that it is done eight pixels a turn; as
// JavaScript would, to the bit (test/imaging/volume/slice-means.test.ts).
import {
  add,
  constant,
  get,
  lanes16,
  lanes32,
  lanes64,
  load,
  set,
  step,
  store,
  whileLess,
} from "../../foundation/vector-kernel.ts";
import type { Coverage } from "./geometry.ts";
import { assembleKernel, kernelMemory } from "./kernel-memory.ts";

/**
 * Means of slices by what each output covers of them (geometry.ts), halves up. A running sum is a 32-bit float.
 *
 * @param slices HU, one slice of `area` pixels after the other
 * @returns the same of the outputs
 */
export function sliceMeans(slices: Int16Array, area: number, covers: readonly Coverage[]): Int16Array {
  const means = new Int16Array(covers.length * area);
  for (const [out, { first, weights, beyond }] of covers.entries()) {
    if (weights.length === 0) continue;
    const table = Float64Array.from([HALF, ...weights.map((weight) => weight / (1 - beyond))]);
    const [bytes, stackAt] = [2 * area, (table.byteLength + 15) & ~15];
    const outAt = (stackAt + weights.length * bytes + 15) & ~15;
    const memory = kernelMemory(outAt + bytes);
    new Float64Array(memory, 0, table.length).set(table);
    new Int16Array(memory, stackAt).set(slices.subarray(first * area, (first + weights.length) * area));
    kernel(stackAt, stackAt + bytes, outAt, 0, 8 * weights.length, bytes);
    means.set(new Int16Array(memory, outAt, area), out * area);
  }
  return means;
}

const HALF = 0.5;

// What the kernel is told: where the first slice begins and ends, where the means go, where the table begins and its last
// entry, and bytes from slice to slice. The table is a half, and then each slice's share.
const [first, end, out, shares, sharesEnd, sliceBytes] = [0, 1, 2, 3, 4, 5];
const [at, share, pixels] = [6, 7, 8];
/** Two pixels each. */
const sums = [9, 10, 11, 12];

const kernel = (() => {
  const two = (half: readonly number[], isUpper: boolean) => [
    ...[...get(pixels), ...half, ...(isUpper ? [...get(pixels), ...half, ...lanes64.upperOf] : [])],
    ...lanes64.fromLanes32,
  ];
  const pairs = [lanes32.lower, lanes32.upper].flatMap((half) => [two(half, false), two(half, true)]);
  const addShare = sums.flatMap((sum, index) => [
    ...[...get(sum), ...get(share), ...lanes64.loadSplat(8), ...pairs[index]!, ...lanes64.multiply, ...lanes64.add],
    ...[...lanes64.toFloats, ...lanes64.fromFloats, ...set(sum)],
  ]);
  const rounded = (sum: number) => [
    ...[...get(sum), ...get(shares), ...lanes64.loadSplat(0), ...lanes64.add, ...lanes64.floor, ...lanes64.toLanes32],
  ];
  const [a, b, c, d] = sums as [number, number, number, number];
  return assembleKernel(
    { parameters: 6, numbers: 2, vectors: 5 },
    whileLess(
      first,
      end,
      sums.flatMap((sum) => [...constant(0), ...lanes32.splat, ...set(sum)]),
      [...get(first), ...set(at), ...get(shares), ...set(share)],
      whileLess(share, sharesEnd, [...get(at), ...load(), ...set(pixels)], addShare, [
        ...[...get(at), ...get(sliceBytes), ...add, ...set(at), ...step(share, 8)],
      ]),
      [...get(out), ...rounded(a), ...rounded(b), ...lanes16.fromLanes32],
      [...rounded(c), ...rounded(d), ...lanes16.fromLanes32],
      [...lanes16.pick([0, 1, 4, 5, 8, 9, 12, 13]), ...store()],
      [...step(out, 16), ...step(first, 16)],
    ),
  );
})();
