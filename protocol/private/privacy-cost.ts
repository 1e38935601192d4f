// What a plan's differential privacy costs after so many opened sums, for plans, audits and model cards.
import type { PrivacySpec } from "../format/privacy-spec.ts";
import { epsilonOf } from "./accountant.ts";

/** What opened sums tell of one patient, at most. */
export interface PrivacyCost {
  /** Sums that were opened, or may be. */
  readonly openings: number;
  /** At most what all of them together tell of one patient. */
  readonly epsilon: number;
  /** The chance for which epsilon does not hold. */
  readonly delta: number;
  /** The chance of a patient to be in a sum. */
  readonly samplingRate: number;
  /** Standard deviation of the noise, over the largest norm of one patient's part. */
  readonly noiseMultiplier: number;
}

/** Undefined without differential privacy. */
export function privacyCost(privacy: PrivacySpec | undefined, openings: number): PrivacyCost | undefined {
  if (!privacy?.patient) return undefined;
  const { samplingRate, noiseMultiplier, delta } = privacy.patient;
  return { openings, epsilon: epsilonOf(privacy.patient, openings, delta), delta, samplingRate, noiseMultiplier };
}

/** Rounded up, since an epsilon must never be told too small. */
export function showEpsilon(epsilon: number): string {
  return (Math.ceil(epsilon * 100) / 100).toFixed(2);
}
