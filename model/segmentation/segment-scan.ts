// Lung and lesion of a scan, slice by slice, at any size: slices are resized to the side that the network was trained on.
import type { Tensor3D, Tensor4D } from "@tensorflow/tfjs-node-gpu";
import { tf } from "../tensorflow/tensorflow.ts";
import type { TrainingSet } from "../training/training-set.ts";
import type { SegCaps } from "./segcaps.ts";
import type { ScanMasks } from "./segmentation-set.ts";

const batchSize = 8;

/** Masks at the set's own size; its first channel must be the lung window. */
export function segmentScan(model: SegCaps, data: TrainingSet, index: number): ScanMasks {
  const { height, width, channels } = data;
  const { side } = model;
  const slices = data.scans[index]?.slices ?? 0;
  const bytes = data.read(index);
  const area = height * width;
  const lung = new Uint8Array(slices * area);
  const lesion = new Uint8Array(slices * area);
  for (let at = 0; at < slices; at += batchSize) {
    const n = Math.min(batchSize, slices - at);
    const grey = Float32Array.from({ length: n * area }, (_, p) => bytes[(at * area + p) * channels]! / 255);
    const classes = tf.tidy(() => {
      const x = tf.tensor4d(grey, [n, height, width, 1]);
      const isSame = height === side && width === side;
      const shares = model.forward(isSame ? x : tf.image.resizeBilinear(x, [side, side], false, true));
      const own = isSame ? shares : tf.image.resizeBilinear(shares as Tensor4D, [height, width], false, true);
      return (own.argMax(-1) as Tensor3D).dataSync();
    });
    for (let p = 0; p < classes.length; p++) {
      lung[at * area + p] = classes[p]! > 0 ? 1 : 0;
      lesion[at * area + p] = classes[p] === 2 ? 1 : 0;
    }
  }
  return { lung, lesion };
}
