// Where in its slices a network finds the positive class: Grad-CAM (Selvaraju 2017) on the extractor's last map.
import type { Tensor, Tensor3D, Tensor4D } from "@tensorflow/tfjs-node-gpu";
import { tf } from "../tensorflow/tensorflow.ts";
import { loadBatch } from "../training/batch.ts";
import { placesFor } from "../training/batch-pixels.ts";
import type { TrainingSet } from "../training/training-set.ts";
import type { Network } from "./network.ts";
import { viewsOf } from "./views.ts";

export interface ActivationMaps {
  /** Of the extractor's last map, which covers a whole slice. */
  readonly rows: number;
  readonly columns: number;
  /** [slices, rows, columns] of the sampled slices: 0 to 1, the scan's highest value. */
  readonly values: Float32Array;
}

/**
 * The map's channels, each weighted by the gradient of the score p1 / (p0 + p1) by that channel's feature of the slice, summed;
 * what lowers the score is 0. The gradient goes through both capsule layers, so a slice that weighs little stays dark.
 *
 * @throws DATA_SHAPE_MISMATCH
 */
export function classActivation(network: Network, data: TrainingSet, index: number): ActivationMaps {
  const slices = placesFor([{ slices: data.scans[index]?.slices ?? 0 }], network.spec.input.slices);
  const { map: mapOf, pooled, capsules } = network.parts;
  return tf.tidy(() => {
    const x = loadBatch(data, [index], { ...network.spec.input, slices });
    const scoreOf = (u: Tensor) => {
      const { lengths } = capsules(u as Tensor3D);
      return lengths.slice([0, 1], [1, 1]).div(lengths.sum()).asScalar();
    };
    const maps = viewsOf(network.spec, x).map((view, place) => {
      const map = mapOf(view); // [slices, h', w', d]
      const d = map.shape[3];
      const u = pooled(map).reshape([1, slices, d]) as Tensor3D;
      const towards = tf.grad(scoreOf)(u).reshape([slices, 1, 1, d]);
      const active = tf.relu(map.mul(towards).sum(3, true)) as Tensor4D; // [slices, h', w', 1]
      return place === 0 ? active : active.reverse(2); // the second view is the mirror image
    });
    const mean = tf.addN(maps).div(maps.length);
    const values = mean.div(mean.max().maximum(1e-12)).dataSync() as Float32Array;
    const [, rows, columns] = maps[0]!.shape;
    return { rows, columns, values };
  });
}
