// Words to HU, eight a turn, where the rescale is a whole number added: that is nearly every CT there is. Its result is the
// table's of hounsfield.ts, bit for bit (test/imaging/dicom/hounsfield.test.ts).
import {
  and,
  get,
  type Kernel,
  lanes16,
  load,
  or,
  select,
  set,
  step,
  store,
  whileLess,
} from "../../foundation/vector-kernel.ts";
import { assembleKernel, isInKernelMemory, kernelMemory } from "../volume/kernel-memory.ts";
import type { ReadBytes } from "./pixel-data.ts";

export interface KernelSettings {
  readonly isSigned: boolean;
  /** 15 - high bit: brings the stored bits to the top of the word, and drops what stands above them. */
  readonly left: number;
  /** 16 - bits stored: brings them down again, with their sign. */
  readonly right: number;
  /** -32768 to 32767. */
  readonly intercept: number;
  readonly padding: number | undefined;
  /** Below it nothing was measured. */
  readonly neverBelow: number;
  readonly outside: number;
  readonly lowest: number;
  readonly highest: number;
}

const { splat, equal, less, shiftLeft, shiftRightSigned, shiftRightUnsigned, addSaturating, min, max } = lanes16;

// Parameters, then the same values in all eight lanes, then what a turn computes.
const [at, end, left, right] = [0, 1, 2, 3];
const [parameterCount, firstScalar, firstSplat, splats] = [11, 4, 11, 7];
const [intercept, padding, padded, neverBelow, outside, lowest, highest] = [11, 12, 13, 14, 15, 16, 17];
const [raw, stored, hu] = [18, 19, 20];

/** Steps that these settings need; each left out saves a tenth of the time. */
interface Steps {
  readonly isSigned: boolean;
  /** Some of the word's bits are not stored ones. */
  readonly cut: boolean;
  /** Padding that is not already below what was ever measured. */
  readonly pad: boolean;
  /** HU may come out below the lowest. */
  readonly floor: boolean;
}

function stepsOf({ isSigned, left, right, intercept, padding, neverBelow, lowest }: KernelSettings): Steps {
  const leastStored = isSigned ? -(2 ** (15 - right)) : 0;
  const cut = left !== 0 || right !== 0;
  // Where bits are cut, a word may equal the padding though what is stored of it does not.
  const pad = padding !== undefined && (cut || !isSigned || padding + intercept >= neverBelow);
  return { isSigned, cut, pad, floor: leastStored + intercept < lowest };
}

function body({ isSigned, cut, pad, floor }: Steps): number[] {
  const lanes = Array.from({ length: splats }, (_, index) => index);
  const shiftRight = isSigned ? shiftRightSigned : shiftRightUnsigned;
  const padMask = [
    ...[...get(raw), ...get(padding), ...equal, ...get(stored), ...get(padding), ...equal],
    ...[...or, ...get(padded), ...and],
  ];
  const lowMask = [...get(hu), ...get(neverBelow), ...less];
  const masks = [...(pad ? padMask : []), ...(floor ? lowMask : []), ...(pad && floor ? or : [])];
  const clamped = [...get(hu), ...(floor ? [...get(lowest), ...max] : []), ...get(highest), ...min];
  return [
    ...lanes.flatMap((index) => [...get(firstScalar + index), ...splat, ...set(firstSplat + index)]),
    ...whileLess(
      at,
      end,
      [...get(at), ...load(), ...set(raw)],
      [...get(raw), ...(cut ? [...get(left), ...shiftLeft, ...get(right), ...shiftRight] : []), ...set(stored)],
      [...get(stored), ...get(intercept), ...addSaturating, ...set(hu)],
      [...get(at), ...(masks.length > 0 ? [...get(outside), ...clamped, ...masks, ...select] : clamped), ...store()],
      step(at, 16),
    ),
  ];
}

/** At most sixteen, by their steps. */
const kernels = new Map<string, Kernel>();
/** 512 KiB, a slice of most scanners: one read, and it stays in the processor's cache. */
const partBytes = 2 ** 19;

function kernelFor(steps: Steps): Kernel {
  const key = Object.values(steps).join();
  const kept = kernels.get(key);
  if (kept) return kept;
  const kernel = assembleKernel({ parameters: parameterCount, vectors: splats + 3 }, body(steps));
  kernels.set(key, kernel);
  return kernel;
}

/**
 * Writes the HU of 16-bit words to `into`, as many as fit. They are read into the kernels' memory and rescaled there: if
 * `into` lies in it, nothing is copied, and else between the file and `into` nothing else holds them.
 */
export function hounsfieldByKernel(read: ReadBytes, settings: KernelSettings, into: Int16Array): void {
  const kernel = kernelFor(stepsOf(settings));
  const parameters = [
    ...[settings.left, settings.right, settings.intercept],
    ...[settings.padding ?? 0, settings.padding === undefined ? 0 : -1],
    ...[settings.neverBelow, settings.outside, settings.lowest, settings.highest],
  ];
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
