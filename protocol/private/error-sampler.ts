// Draws mask errors in a time that says nothing about them: a cumulative table, read whole for every sample, in WebAssembly, whose
// instructions take the same time for all values. In JavaScript the same comparisons took longer than all the rest of a mask.
import { createKernelMemory, loadKernels } from "../../foundation/wasm-kernel.ts";
import { errorSamplerWasm } from "./error-sampler-wasm.ts";
import { errorThresholds } from "./error-table.ts";
import type { KeyStream } from "./key-stream.ts";

const kernelsOver = loadKernels<"sample">(errorSamplerWasm);
const bytesPerSample = 16;

let known: readonly bigint[] | undefined;

/** Computed once. */
function thresholdsOf(): readonly bigint[] {
  known ??= errorThresholds();
  return known;
}

/** The largest magnitude that the table can give. */
export function largestError(): number {
  return thresholdsOf().length;
}

export interface ErrorSampler {
  /** The next `into.length` errors; a multiple of 4. */
  next(into: Int16Array): void;
}

/** @param most the most errors that are asked for at a time */
export function errorSampler(coins: KeyStream, most: number): ErrorSampler {
  const thresholds = thresholdsOf();
  // No number's upper 32 bits are above all ones, and one such entry finds those that are equal.
  const allOnes = 2 ** 32 - 1;
  const tops = [...thresholds.map((threshold) => Number(threshold >> 96n)).filter((top) => top < allOnes), allOnes];
  const samplesAt = most * bytesPerSample;
  const tableAt = Math.ceil((samplesAt + most * 2) / bytesPerSample) * bytesPerSample;
  const tableEnd = tableAt + thresholds.length * bytesPerSample;
  const topsEnd = tableEnd + 4 * tops.length;
  const memory = createKernelMemory(topsEnd);
  const kernel = kernelsOver(memory).sample;
  const table = new BigInt64Array(memory.buffer, tableAt, thresholds.length * 2);
  thresholds.forEach((threshold, index) => {
    table[2 * index] = (threshold >> 64n) - (1n << 63n);
    table[2 * index + 1] = (threshold & ((1n << 64n) - 1n)) - (1n << 63n);
  });
  new Int32Array(memory.buffer, tableEnd, tops.length).set(tops.map((top) => top - 2 ** 31));
  const random = new Uint8Array(memory.buffer, 0, samplesAt);
  const samples = new Int16Array(memory.buffer, samplesAt, most);
  return {
    next(into) {
      const end = into.length * bytesPerSample;
      random.set(coins.bytes(end));
      kernel(0, end, samplesAt, tableAt, tableEnd, tableEnd, topsEnd);
      into.set(samples.subarray(0, into.length));
    },
  };
}
