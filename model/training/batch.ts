// Batches of scans as a tensor with a fixed number of slices.
import type { Tensor2D, Tensor5D } from "@tensorflow/tfjs-node-gpu";
import { FedError } from "../../foundation/errors.ts";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import { type Augmentation, batchPixels, isRepeated, type RawScan } from "./batch-pixels.ts";
import type { TrainingSet } from "./training-set.ts";

/**
 * Scans as x [n, slices, height, width, channels] in [0, 1].
 * @param augment random choices of each scan; without it slices are sampled evenly and pixels stay as they are
 * @throws DATA_SHAPE_MISMATCH
 */
export function loadBatch(
  data: TrainingSet,
  indices: readonly number[],
  input: ModelSpec["input"],
  augment?: Augmentation,
): Tensor5D {
  return batchTensor(batchPixels(readScans(data, indices, input), input, augment), input);
}

/** Pixels of a batch as x. */
export function batchTensor(pixels: Float32Array, input: ModelSpec["input"]): Tensor5D {
  const { slices, height, width, channels } = input;
  const count = pixels.length / (slices * height * width * channels);
  return tf.tensor5d(pixels, [count, slices, height, width, channels]);
}

/**
 * Which places of a batch count: 1, or 0 where a slice is repeated because its scan has too few, [n, slices].
 *
 * @returns undefined where all count
 */
export function countedPlaces(scans: readonly { readonly slices: number }[], slices: number): Tensor2D | undefined {
  if (scans.every((scan) => scan.slices >= slices)) return undefined;
  const places = Array.from({ length: slices }, (_, s) => s);
  return tf.tensor2d(scans.map((scan) => places.map((s) => (isRepeated(s, slices, scan.slices) ? 0 : 1))));
}

/** @throws DATA_SHAPE_MISMATCH */
export function readScans(data: TrainingSet, indices: readonly number[], input: ModelSpec["input"]): RawScan[] {
  const { height, width, channels } = input;
  const { height: foundHeight, width: foundWidth, channels: foundChannels } = data;
  if (foundHeight !== height || foundWidth !== width || foundChannels !== channels) {
    const remedy = "import the scans again at the plan's size and windows";
    throw new FedError(
      "DATA_SHAPE_MISMATCH",
      { height, width, channels, foundHeight, foundWidth, foundChannels },
      { remedy },
    );
  }
  return indices.map((scan) => {
    const slices = data.scans[scan]?.slices ?? 0;
    const pixels = data.read(scan);
    if (slices < 1 || pixels.length !== slices * height * width * channels) {
      const remedy = "the shard contradicts itself: import the scans again";
      throw new FedError("DATA_SHAPE_MISMATCH", { scan, slices, bytes: pixels.length }, { remedy });
    }
    return { slices, pixels };
  });
}
