// Words to HU, eight a turn, where the rescale adds a whole number, as in nearly all CT. The result is the table's of
// hounsfield.ts, to the bit (test/imaging/dicom/hounsfield.test.ts), 10 times faster.
import { isInKernelMemory, kernelMemory, kernelsOf } from "../volume/kernel-memory.ts";
import { hounsfieldWasm } from "./hounsfield-wasm.ts";
import type { ReadBytes } from "./pixel-data.ts";

export interface KernelSettings {
  readonly isSigned: boolean;
  /** 15 - high bit: moves the stored bits to the top of the word, and drops the bits above them. */
  readonly left: number;
  /** 16 - bits stored: moves them down again, with their sign. */
  readonly right: number;
  /** -32768 to 32767. */
  readonly intercept: number;
  readonly padding: number | undefined;
  /** Values below it were not measured. */
  readonly neverBelow: number;
  readonly outside: number;
  readonly lowest: number;
  readonly highest: number;
}

const kernels = kernelsOf<"signed" | "unsigned">(hounsfieldWasm);
/** 512 KiB, a slice of most scanners: one read, and it stays in the processor's cache. */
const partBytes = 2 ** 19;

/**
 * Writes the HU of 16-bit words to `into`, as many as fit. They are read into the kernels' memory and rescaled there; if
 * `into` lies in it, nothing is copied.
 */
export function hounsfieldByKernel(read: ReadBytes, settings: KernelSettings, into: Int16Array): void {
  const kernel = settings.isSigned ? kernels.signed : kernels.unsigned;
  const { left, right, intercept, padding, neverBelow, outside, lowest, highest } = settings;
  const parameters = [left, right, intercept, padding ?? 0, padding === undefined ? 0 : -1];
  parameters.push(neverBelow, outside, lowest, highest);
  const { byteOffset, byteLength } = into;
  if (isInKernelMemory(into)) {
    read(new Uint8Array(into.buffer, byteOffset, byteLength), 0);
    kernel(byteOffset, byteOffset + byteLength, ...parameters);
    return;
  }
  const part = new Uint8Array(kernelMemory(partBytes), 0, partBytes);
  const target = new Uint8Array(into.buffer, byteOffset, byteLength);
  for (let from = 0; from < byteLength; from += partBytes) {
    const bytes = part.subarray(0, Math.min(partBytes, byteLength - from));
    read(bytes, from);
    kernel(0, bytes.length, ...parameters);
    target.set(bytes, from);
  }
}
