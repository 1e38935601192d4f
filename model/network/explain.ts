// Explains a score: how much each slice contributed to the positive class, by the couplings of both capsule layers.

import { tf } from "../tensorflow/tensorflow.ts";
import { loadBatch } from "../training/batch.ts";
import { placesFor, sampledSlice } from "../training/batch-pixels.ts";
import type { TrainingSet } from "../training/training-set.ts";
import type { Network } from "./network.ts";
import { viewsOf } from "./views.ts";

export interface SliceVote {
  /** Of the scan, from 0. */
  readonly slice: number;
  /** Share of this slice's vote that went to the positive class: sum over middle capsules of c(slice) * c(positive). */
  readonly coupling: number;
  /**
   * Contribution to the positive class, relative to the largest one: the same sum, each vote weighted by its agreement
   * with the capsule, <uHat, v>. Negative values lower the score.
   */
  readonly weight: number;
}

export interface Explanation {
  /** p1 / (p0 + p1), as in evaluate. */
  readonly score: number;
  /** Lengths of the class capsules. */
  readonly negativeLength: number;
  readonly positiveLength: number;
  /** One for each sampled slice, in the order of the scan. */
  readonly votes: readonly SliceVote[];
}

/** @throws DATA_SHAPE_MISMATCH */
export function explain(network: Network, data: TrainingSet, index: number): Explanation {
  const available = data.scans[index]?.slices ?? 0;
  // A scan with fewer slices than the network takes is shown as it is: a repeated slice would not count (evaluate.ts).
  const slices = placesFor([{ slices: available }], network.spec.input.slices);
  return tf.tidy(() => {
    const x = loadBatch(data, [index], { ...network.spec.input, slices });
    const views = viewsOf(network.spec, x).map((view) => {
      const forward = network.forward(view, { training: false });
      const towards = forward.classCouplings.slice([0, 1, 0], [1, 1, -1]); // [1, 1, capsules]
      const couplings = tf.matMul(towards, forward.couplings); // [1, 1, slices]
      const weights = tf.matMul(towards, forward.couplings.mul(forward.agreements()));
      return [forward.lengths, couplings, weights];
    });
    const mean = (at: number) =>
      tf
        .addN(views.map((view) => view[at]!))
        .div(views.length)
        .dataSync();
    const [negativeLength, positiveLength] = mean(0) as unknown as [number, number];
    const [couplings, weights] = [mean(1), mean(2)];
    const largest = Math.max(1e-12, ...Array.from(weights, Math.abs));
    const votes = Array.from(couplings, (coupling, s) => ({
      slice: sampledSlice(s, slices, available),
      coupling,
      weight: weights[s]! / largest,
    }));
    return { score: positiveLength / (negativeLength + positiveLength), negativeLength, positiveLength, votes };
  });
}
