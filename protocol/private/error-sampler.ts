// Draws mask errors in constant time: a cumulative table, read whole for every sample, in WebAssembly, whose instructions
// take the same time for all values. In JavaScript the same comparisons took longer than all the rest of a mask.
import { createKernelMemory, loadKernels } from "../../foundation/wasm-kernel.ts";
import { errorSamplerWasm } from "./error-sampler-wasm.ts";
import { errorThresholds } from "./error-table.ts";
import type { KeyStream } from "./key-stream.ts";

const kernelsOver = loadKernels<"sample">(errorSamplerWasm);
const bytesPerSample = 16;

/** The largest magnitude that the table can give. */
let largest: number | undefined;

export function largestError(): number {
  largest ??= errorThresholds().length;
  return largest;
}

export interface ErrorSampler {
  /** The next `into.length` errors; an even number. */
  next(into: Int16Array): void;
}

/** @param most the most errors that are asked for at a time */
export function errorSampler(coins: KeyStream, most: number): ErrorSampler {
  const thresholds = errorThresholds();
  const samplesAt = most * bytesPerSample;
  const tableAt = Math.ceil((samplesAt + most * 2) / bytesPerSample) * bytesPerSample;
  const tableEnd = tableAt + thresholds.length * bytesPerSample;
  const memory = createKernelMemory(tableEnd);
  const kernel = kernelsOver(memory).sample;
  const table = new BigInt64Array(memory.buffer, tableAt, thresholds.length * 2);
  thresholds.forEach((threshold, index) => {
    table[2 * index] = (threshold >> 64n) - (1n << 63n);
    table[2 * index + 1] = (threshold & ((1n << 64n) - 1n)) - (1n << 63n);
  });
  const random = new Uint8Array(memory.buffer, 0, samplesAt);
  return {
    next(into) {
      const end = into.length * bytesPerSample;
      random.set(coins.bytes(end));
      kernel(0, end, samplesAt, tableAt, tableEnd);
      into.set(new Int16Array(memory.buffer, samplesAt, into.length));
    },
  };
}
