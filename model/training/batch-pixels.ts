// Makes the pixels of a batch from the bytes of its scans: evenly sampled slices in evaluation, seeded augmentation in
// training. Does not use TensorFlow, so that a worker thread can do it (next-batch.ts).
import type { ModelSpec } from "../../protocol/format/model-spec.ts";

/** A scan as it was read. */
export interface RawScan {
  readonly slices: number;
  /** 0 to 255: [slices, height, width, channels]. */
  readonly pixels: Uint8Array;
}

/** Random choices for one scan of a training batch; each call gives the next 32-bit integer. */
export type Randomness = () => number;

export interface Augmentation {
  readonly next: Randomness;
  /** Whether pixels are augmented; otherwise only the choice of slices is random. */
  readonly pixels: boolean;
  /** Whether every second scan on average is mirrored left to right. */
  readonly mirror?: boolean;
}

const maxShift = 1 / 16; // of a side
const maxScale = 0.08; // to either side of 1
const maxRotationTangent = 0.12; // about 7 degrees
const maxBrightness = 10; // of 255: 40 HU in the lung window's 1500
const maxContrast = 0.06;

/**
 * [scans, slices, height, width, channels] in [0, 1].
 * @param augment random choices, scan after scan; without it slices are sampled evenly and pixels stay as they are
 */
export function batchPixels(
  scans: readonly RawScan[],
  input: ModelSpec["input"],
  augment?: Augmentation,
): Float32Array<ArrayBuffer> {
  const { slices, height, width, channels } = input;
  const sliceSize = height * width * channels;
  const batch = new Float32Array(scans.length * slices * sliceSize);
  for (const [place, { slices: available, pixels }] of scans.entries()) {
    const warp = augment?.pixels ? drawWarp(augment.next, height, width) : undefined;
    const isMirrored = augment?.mirror === true && augment.next() % 2 === 1;
    for (let s = 0; s < slices; s++) {
      const within = augment ? augment.next() / 2 ** 32 : undefined;
      // Where the scan has too few slices, which places repeat one is fixed (isRepeated).
      const from = sampledSlice(s, slices, available, available < slices ? undefined : within);
      const source = pixels.subarray(from * sliceSize, (from + 1) * sliceSize);
      const target = batch.subarray((place * slices + s) * sliceSize, (place * slices + s + 1) * sliceSize);
      if (warp) warpSlice(source, target, input, warp);
      else for (let p = 0; p < sliceSize; p++) target[p] = source[p]! / 255;
      if (isMirrored) mirrorSlice(target, input);
    }
  }
  return batch;
}

/** Left to right, in place. */
function mirrorSlice(slice: Float32Array, { height, width, channels }: ModelSpec["input"]): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < Math.floor(width / 2); x++) {
      for (let c = 0; c < channels; c++) {
        const [a, b] = [(y * width + x) * channels + c, (y * width + width - 1 - x) * channels + c];
        [slice[a], slice[b]] = [slice[b]!, slice[a]!];
      }
    }
  }
}

/** The scan's slice for place s: the middle of the part that belongs to s, or at the share `within` of that part. */
export function sampledSlice(s: number, slices: number, available: number, within = 0.5): number {
  return Math.min(available - 1, Math.floor(((s + within) * available) / slices));
}

/** Whether place s of a scan with too few slices has the slice of the place before, which must not count again. */
export function isRepeated(s: number, slices: number, available: number): boolean {
  if (s === 0 || available >= slices) return false;
  return sampledSlice(s, slices, available) === sampledSlice(s - 1, slices, available);
}

/** Slices of the longest scan that a network for `slices` is shown: more places would only repeat some. */
export function placesFor(scans: readonly { readonly slices: number }[], slices: number): number {
  return Math.min(slices, Math.max(1, ...scans.map((scan) => scan.slices)));
}

/** One affine map and one change of values for all slices of a scan: all slices of a patient move together. */
interface Warp {
  readonly scale: number;
  readonly sine: number;
  readonly shiftX: number;
  readonly shiftY: number;
  readonly contrast: number;
  readonly brightness: number;
}

function drawWarp(next: Randomness, height: number, width: number): Warp {
  const signed = () => next() / 2 ** 31 - 1;
  return {
    scale: 1 + signed() * maxScale,
    sine: signed() * maxRotationTangent,
    shiftX: signed() * maxShift * width,
    shiftY: signed() * maxShift * height,
    contrast: 1 + signed() * maxContrast,
    brightness: signed() * maxBrightness,
  };
}

/** Nearest-neighbour sampling, whose arithmetic is the same on every machine; pixels outside take the nearest edge. */
function warpSlice(source: Uint8Array, target: Float32Array, input: ModelSpec["input"], warp: Warp): void {
  const { height, width, channels } = input;
  const cosine = Math.sqrt(1 - warp.sine * warp.sine);
  const centreX = (width - 1) / 2;
  const centreY = (height - 1) / 2;
  const clamp = (value: number, last: number) => Math.max(0, Math.min(last, Math.round(value)));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dx = (x - centreX) * warp.scale;
      const dy = (y - centreY) * warp.scale;
      const fromX = clamp(cosine * dx - warp.sine * dy + centreX + warp.shiftX, width - 1);
      const fromY = clamp(warp.sine * dx + cosine * dy + centreY + warp.shiftY, height - 1);
      for (let c = 0; c < channels; c++) {
        const value = source[(fromY * width + fromX) * channels + c]! * warp.contrast + warp.brightness;
        target[(y * width + x) * channels + c] = Math.max(0, Math.min(255, value)) / 255;
      }
    }
  }
}
