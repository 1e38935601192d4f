// Agreement of two masks (Dice 1945), as a loss and as a score.
import type { Scalar, Tensor4D } from "@tensorflow/tfjs-node-gpu";
import { meanInterval } from "../../foundation/statistics/mean-interval.ts";
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import { tf } from "../tensorflow/tensorflow.ts";

/** Keeps the loss of a batch without lesions finite, and small where none is predicted. */
const smooth = 1;

/**
 * 1 - Dice of each class over the batch, averaged (Milletari 2016).
 * @param shares [n, h, w, classes], summing to 1
 * @param targets one-hot [n, h, w, classes]
 */
export function diceLoss(shares: Tensor4D, targets: Tensor4D): Scalar {
  return tf.tidy(() => {
    const over = [0, 1, 2];
    const both = shares.mul(targets).sum(over).mul(2).add(smooth); // [classes]
    return tf.sub(1, both.div(shares.sum(over).add(targets.sum(over)).add(smooth)).mean()).asScalar();
  });
}

/** 2 |A and B| / (|A| + |B|) over a whole scan; undefined where neither has a voxel. */
export function diceOf(found: Uint8Array, exact: Uint8Array): number | undefined {
  let [both, either] = [0, 0];
  for (let voxel = 0; voxel < exact.length; voxel++) {
    both += found[voxel]! & exact[voxel]!;
    either += found[voxel]! + exact[voxel]!;
  }
  return either === 0 ? undefined : (2 * both) / either;
}

/** The mean of shares over patients, with its 95 % interval, within 0 and 1. */
export function meanOfPatients(shares: readonly number[]): Estimate {
  const { value, low, high } = meanInterval(shares);
  return { value, low: Math.max(0, low), high: Math.min(1, high) };
}
