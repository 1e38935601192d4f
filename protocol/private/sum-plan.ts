// What a round's private sum is made of: a function of the plan, the base model and the number of the round's hospitals, so
// that hospitals, proposers and auditors agree on it before any byte is sent.
import { FedError } from "../../foundation/errors.ts";
import type { PrivacySpec } from "../format/privacy-spec.ts";
import { type BucketRules, checkBuckets } from "./buckets.ts";
import { canaryCoordinates, noiseOf, type PatientNoise } from "./patient-noise.ts";
import { chooseRing, type Ring } from "./ring.ts";
import { coordinatesOf, histogramOf, type ScoreHistogram, type SumLayout } from "./sum-layout.ts";

/** Bins of each class in the summed histogram of scores. */
export const histogramBins = 64;

export interface SumPlan {
  readonly ring: Ring;
  readonly layout: SumLayout;
  /** Of the layout. */
  readonly coordinates: number;
  /** The sample count of weight 1. */
  readonly unitWeight: number;
  /** Bound of every integer of an input. */
  readonly largest: number;
  /** That each hospital adds before it masks; undefined without differential privacy. */
  readonly noise: PatientNoise | undefined;
}

/**
 * @param round.hospitals of the round, included or not
 * @param round.parameters coordinates of the base's update layout
 * @throws PRIVACY_NOT_PLANNED, RING_TOO_SMALL, BUCKETS_TOO_SMALL
 */
export function sumPlanOf(
  { privacy }: { readonly privacy?: PrivacySpec | undefined },
  { hospitals, parameters }: { readonly hospitals: number; readonly parameters: number },
  rules?: BucketRules,
): SumPlan {
  if (!privacy) throw new FedError("PRIVACY_NOT_PLANNED", { hospitals });
  const { unitWeight, largest, patient, buckets } = privacy;
  if (buckets !== undefined) checkBuckets({ hospitals, buckets }, rules);
  const noise = patient && noiseOf(patient, hospitals);
  const ring = chooseRing({ hospitals, largest, noiseStdDev: noise?.stdDev ?? 0 });
  // Scores would tell of every validation patient in every round: with differential privacy none are summed.
  const layout: SumLayout = patient
    ? { parameters, bins: 0, canaries: canaryCoordinates }
    : { parameters, bins: histogramBins, canaries: 0 };
  return { ring, layout, coordinates: coordinatesOf(layout), unitWeight, largest, noise };
}

/** The histogram of an input: a bin with more patients than `largest` counts so many. */
export function scoreCounts(predictions: Parameters<typeof histogramOf>[0], largest: number): ScoreHistogram {
  const { negatives, positives } = histogramOf(predictions, histogramBins);
  const capped = (counts: Int32Array) => counts.map((count) => Math.min(count, largest));
  return { negatives: capped(negatives), positives: capped(positives) };
}
