// The noise that hides single patients in the sum of a round, of which each hospital adds its share. It is enough even where
// the fewest hospitals are in the sum and as many as may be dishonest add none: n hospitals, f = floor((n - 1) / 3).
import { FedError } from "../../foundation/errors.ts";
import type { PatientPrivacy } from "../format/privacy-spec.ts";
import { noiseStep } from "./accountant.ts";
import type { Variance } from "./discrete-gaussian.ts";
import { openingThreshold } from "./threshold.ts";

/** Coordinates that are zero before noise: their variance shows whether noise was added at all. */
export const canaryCoordinates = 2048;

/** Of one hospital, in each coordinate, in integers. */
export interface PatientNoise {
  readonly variance: Variance;
  readonly stdDev: number;
}

/** Honest hospitals in any sum of a round, at least: n - f are in it, of which f are dishonest. */
export function fewestHonest(hospitals: number): number {
  return 2 * openingThreshold(hospitals) - hospitals;
}

/** (noiseMultiplier integerNorm)^2 / fewest honest hospitals. */
export function noiseOf({ noiseMultiplier, integerNorm }: PatientPrivacy, hospitals: number): PatientNoise {
  const total = BigInt(noiseMultiplier / noiseStep) * BigInt(integerNorm);
  const denominator = BigInt(fewestHonest(hospitals)) * BigInt(1 / noiseStep) ** 2n;
  const numerator = total * total;
  return { variance: { numerator, denominator }, stdDev: Math.sqrt(Number(numerator) / Number(denominator)) };
}

/** Standard deviations below the expected variance at which noise counts as missing: by chance once in 3 million rounds. */
const tolerance = 5;

/**
 * Fails where the always-zero coordinates of a sum vary less than the noise of all its hospitals. It finds faults of software;
 * a hospital that lies can leave these coordinates alone noisy.
 * @throws ROUND_SPOILT
 */
export function checkCanaries(canaries: Int32Array, { stdDev }: PatientNoise, updates: number): void {
  const squares = canaries.reduce((sum, value) => sum + value * value, 0);
  const expected = updates * stdDev * stdDev;
  // The mean of m squares of normal numbers has a standard deviation of sqrt(2 / m) of itself.
  const least = expected * (1 - tolerance * Math.sqrt(2 / canaries.length));
  const variance = squares / canaries.length;
  if (variance < least) throw new FedError("ROUND_SPOILT", { variance, least, updates });
}
