// The loss of class capsules: present classes long, absent ones short (Sabour 2017 eq. 4).
import type { Scalar, Tensor1D, Tensor2D } from "@tensorflow/tfjs-node-gpu";
import { tf } from "../tensorflow/tensorflow.ts";

/**
 * T max(0, 0.9 - p)^2 + 0.5 (1 - T) max(0, p - 0.1)^2, summed over classes, averaged over scans.
 * @param lengths p [n, classes]
 * @param targets T, one-hot [n, classes]
 * @param weights of each scan [n]
 */
export function marginLoss(lengths: Tensor2D, targets: Tensor2D, weights?: Tensor1D): Scalar {
  return tf.tidy(() => {
    const present = targets.mul(tf.relu(tf.sub(0.9, lengths)).square());
    const absent = tf.sub(1, targets).mul(tf.relu(lengths.sub(0.1)).square());
    const losses = present.add(absent.mul(0.5)).sum(1); // [n]
    return (weights ? losses.mul(weights) : losses).mean() as Scalar;
  });
}
