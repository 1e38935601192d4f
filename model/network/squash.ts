// The nonlinearity of capsules: keeps a vector's direction and brings its length into [0, 1).
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { tf } from "../tensorflow/tensorflow.ts";

export type CapsuleVariant = "sabour" | "paper";

/** Keeps the gradient of the length finite at 0. */
const epsilon = 1e-7;
const softness = { sabour: 1, paper: 0.5 } as const;

/**
 * s [..., k] to v [..., k].
 * sabour: s |s| / (1 + |s|^2) (Sabour 2017 eq. 1); paper: s |s| / (0.5 + |s|^2), which rises sooner.
 */
export function squash<T extends Tensor>(s: T, variant: CapsuleVariant): T {
  return tf.tidy(() => {
    const squared = s.square().sum(-1, true); // [..., 1]
    const length = squared.add(epsilon).sqrt();
    return s.mul(length.div(squared.add(softness[variant]))) as T;
  });
}

/** ds of squash, from dv: with v = f(q) s, q = |s|^2 and l = sqrt(q + epsilon), ds = f dv + 2 f'(q) <s, dv> s. */
export function squashGradient(s: Tensor, dv: Tensor, variant: CapsuleVariant): Tensor {
  const squared = s.square().sum(-1, true);
  const length = squared.add(epsilon).sqrt();
  const divisor = squared.add(softness[variant]);
  const scale = length.div(divisor); // f
  // 2 f' = (1 / l - 2 f) / divisor
  const slope = length.reciprocal().sub(scale.mul(2)).div(divisor);
  const along = s.mul(dv).sum(-1, true);
  return dv.mul(scale).add(s.mul(along.mul(slope)));
}

/** v [..., k] to lengths [...]. */
export function capsuleLength(v: Tensor): Tensor {
  return tf.tidy(() => v.square().sum(-1).add(epsilon).sqrt());
}
