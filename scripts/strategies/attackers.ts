// What Byzantine hospitals send: each attack from the paper that named it, by attackers who know every honest update.
// Whatever they send, the protocol bounds its norm: an update above the plan's clipNorm is refused.
import { seededIntegers } from "../../protocol/update/random.ts";
import type { Weights } from "./small-network.ts";

export const attackNames = [
  "none",
  "sign flip",
  "scale",
  "label flip",
  "Gaussian",
  "little is enough",
  "inner product",
] as const;
export type AttackName = (typeof attackNames)[number];

export interface Attack {
  /** Deltas of the honest hospitals. */
  readonly honest: readonly Weights[];
  /** What the attacker's own training gave, on its own labels or on flipped ones. */
  readonly own: Weights;
  readonly flipped: Weights;
  /** What an update's norm may be. */
  readonly clipNorm: number;
  /** Unlike for each attacker and round. */
  readonly seed: number;
}

/** @returns the delta that an attacker sends */
export const attacks: Readonly<Record<AttackName, (attack: Attack) => Weights>> = {
  none: ({ own }) => own,
  /** Its own delta, backwards. */
  "sign flip": ({ own }) => own.map((value) => -value),
  /** Backwards and as long as allowed (model replacement, Bagdasaryan et al. 2020, within the clip norm). */
  scale: ({ own, clipNorm }) => scaled(own, -clipNorm / norm(own)),
  "label flip": ({ flipped }) => flipped,
  /** Noise as long as allowed (Blanchard et al. 2017). */
  Gaussian({ own, clipNorm, seed }) {
    const noise = own.map(gaussian(seed));
    return scaled(noise, clipNorm / norm(noise));
  },
  /** Just within the honest spread, the same way in every coordinate (Baruch et al. 2019; z = 1.5). */
  "little is enough"({ honest }) {
    const mean = meanOf(honest);
    return mean.map((value, i) => {
      const variance = honest.reduce((sum, delta) => sum + ((delta[i] as number) - value) ** 2, 0) / honest.length;
      return value - 1.5 * Math.sqrt(variance);
    });
  },
  /** Against the honest mean, as far as allowed ("Fall of empires", Xie et al. 2019). */
  "inner product"({ honest, clipNorm }) {
    const mean = meanOf(honest);
    return scaled(mean, -clipNorm / norm(mean));
  },
};

export function norm(vector: Weights): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

function scaled(vector: Weights, factor: number): Weights {
  return vector.map((value) => value * factor);
}

function meanOf(vectors: readonly Weights[]): Weights {
  const [first] = vectors;
  if (!first) throw new RangeError("the mean of nothing");
  return first.map((_, i) => vectors.reduce((sum, vector) => sum + (vector[i] as number), 0) / vectors.length);
}

/** Box and Muller 1958. */
function gaussian(seed: number): () => number {
  const next = seededIntegers("gaussian attack", seed);
  const uniform = () => (next() + 1) / (2 ** 32 + 1);
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
