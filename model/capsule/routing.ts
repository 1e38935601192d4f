// Routing by agreement: which input capsules (slices) speak for which output capsule.
import type { Tensor, Tensor2D, Tensor3D } from "@tensorflow/tfjs-node-gpu";
import { tf } from "../tensorflow.ts";
import { type CapsuleVariant, squash } from "./squash.ts";

export interface Routing {
  readonly iterations: number;
  /** sabour: logits accumulate (Sabour 2017, procedure 1). paper: they are replaced, and the paper's squash is used. */
  readonly variant: CapsuleVariant;
}

/**
 * A capsule layer whose weights are shared over its input capsules.
 * @param u input capsules [n, i, d]
 * @param weights [d, j * k]
 * @param j number of output capsules
 * @returns v [n, j, k], and the couplings c [n, j, i] of the last iteration
 */
export function capsuleLayer(
  u: Tensor3D,
  weights: Tensor2D,
  j: number,
  routing: Routing,
): { v: Tensor3D; couplings: Tensor3D } {
  const [n, i, d] = u.shape;
  const k = (weights.shape[1] as number) / j;
  const uHat = tf
    .matMul(u.reshape([n * i, d]), weights)
    .reshape([n, i, j, k])
    .transpose([0, 2, 1, 3]); // [n, j, i, k]
  let b: Tensor | undefined;
  for (let iteration = 1; ; iteration++) {
    const c: Tensor = b === undefined ? tf.fill([n, j, i], 1 / j) : softmaxOverOutputs(b);
    const s = tf.matMul(c.reshape([n, j, 1, i]), uHat); // [n, j, 1, k]
    const v = squash(s, routing.variant);
    if (iteration === routing.iterations) return { v: v.reshape([n, j, k]), couplings: c as Tensor3D };
    const agreement = tf.matMul(uHat, v, false, true).reshape([n, j, i]);
    b = b === undefined || routing.variant === "paper" ? agreement : b.add(agreement);
  }
}

/** Each input capsule divides itself among the outputs: b [n, j, i], softmax over j. */
function softmaxOverOutputs(b: Tensor): Tensor {
  return tf.softmax(b.transpose([0, 2, 1])).transpose([0, 2, 1]);
}
