// The nonlinearity of capsules: keeps a vector's direction and brings its length into [0, 1).
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { tf } from "../tensorflow.ts";

export type CapsuleVariant = "sabour" | "paper";

/** Keeps the gradient of a length finite at zero. */
const epsilon = 1e-7;

/**
 * s [..., k] to v [..., k].
 * sabour: s |s| / (1 + |s|^2) (Sabour 2017 eq. 1); paper: s |s| / (0.5 + |s|^2), which rises sooner.
 */
export function squash<T extends Tensor>(s: T, variant: CapsuleVariant): T {
  return tf.tidy(() => {
    const squared = s.square().sum(-1, true); // [..., 1]
    const length = squared.add(epsilon).sqrt();
    return s.mul(length.div(squared.add(variant === "sabour" ? 1 : 0.5))) as T;
  });
}

/** v [..., k] to lengths [...]. */
export function capsuleLength(v: Tensor): Tensor {
  return tf.tidy(() => v.square().sum(-1).add(epsilon).sqrt());
}
