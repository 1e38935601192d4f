// Attacks of Byzantine hospitals that know every honest update, each from the paper that named it. The protocol bounds their
// norm: an update above the plan's clipNorm is refused.
import { seededIntegers } from "../../foundation/random.ts";
import { norm, type Weights } from "./weight-vector.ts";

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

export interface Knowledge {
  /** Deltas of the honest hospitals. */
  readonly honest: readonly Weights[];
  /** Delta of the attacker's own training, on the labels that its attack trains on; empty if it does not train. */
  readonly own: Weights;
  /** Largest norm of an update. */
  readonly clipNorm: number;
  /** Different for each attacker and round. */
  readonly seed: number;
}

export interface Attack {
  /** Labels that the attacker trains on, if it trains at all. */
  readonly trainsOn: "true labels" | "flipped labels" | "nothing";
  /** The delta that it sends. */
  delta(knowledge: Knowledge): Weights;
}

export const attacks: Readonly<Record<AttackName, Attack>> = {
  none: { trainsOn: "true labels", delta: ({ own }) => own },
  /** Its own delta, negated. */
  "sign flip": { trainsOn: "true labels", delta: ({ own }) => own.map((value) => -value) },
  /** Its own delta, negated and scaled to the largest norm (model replacement, Bagdasaryan et al. 2020, within the clip norm). */
  scale: { trainsOn: "true labels", delta: ({ own, clipNorm }) => scaled(own, -clipNorm / norm(own)) },
  "label flip": { trainsOn: "flipped labels", delta: ({ own }) => own },
  /** Noise of the largest norm (Blanchard et al. 2017). */
  Gaussian: {
    trainsOn: "nothing",
    delta({ honest: [like], clipNorm, seed }) {
      if (!like) throw new RangeError("noise like nothing");
      const noise = like.map(gaussian(seed));
      return scaled(noise, clipNorm / norm(noise));
    },
  },
  /** Just within the honest spread, the same way in every coordinate (Baruch et al. 2019; their z of 1.5). */
  "little is enough": {
    trainsOn: "nothing",
    delta({ honest }) {
      const mean = meanOf(honest);
      return mean.map((value, i) => {
        const variance = honest.reduce((sum, delta) => sum + (delta[i]! - value) ** 2, 0) / honest.length;
        return value - 1.5 * Math.sqrt(variance);
      });
    },
  },
  /** The negated honest mean at the largest norm ("Fall of empires", Xie et al. 2019). */
  "inner product": {
    trainsOn: "nothing",
    delta({ honest, clipNorm }) {
      const mean = meanOf(honest);
      return scaled(mean, -clipNorm / norm(mean));
    },
  },
};

function scaled(vector: Weights, factor: number): Weights {
  return vector.map((value) => value * factor);
}

function meanOf(vectors: readonly Weights[]): Weights {
  const [first] = vectors;
  if (!first) throw new RangeError("the mean of nothing");
  return first.map((_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0) / vectors.length);
}

/** Box and Muller 1958. */
function gaussian(seed: number): () => number {
  const next = seededIntegers("gaussian attack", seed);
  const uniform = () => (next() + 1) / (2 ** 32 + 1);
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
