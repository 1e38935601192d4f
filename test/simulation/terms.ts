// The plan and the contract's terms of a simulated run.
import type { RoundTerms } from "../../protocol/contract/round.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import type { PrivacySpec } from "../../protocol/format/privacy-spec.ts";
import { type BucketRules, bucketRules } from "../../protocol/private/buckets.ts";
import { examplePlan } from "../fakes/federation.ts";
import type { Faults } from "./faults.ts";

const terms: RoundTerms = {
  commitPeriod: 24,
  proposePeriod: 24,
  attestPeriod: 24,
  minUpdates: 2,
  maxExpired: 4,
  sampleCap: 1000,
  earlyShare: 0,
  gracePeriod: 0,
};
/** Longer with hospitals without gas: a batch with what they signed waits until the batch before it is confirmed. */
export function termsFor({ relayed }: Faults): RoundTerms {
  if (relayed === 0) return terms;
  return { ...terms, commitPeriod: 3 * terms.commitPeriod, attestPeriod: 3 * terms.attestPeriod };
}

const mechanism = { mode: "sum", unitWeight: 16, largest: 1023 } as const;
const patient = { samplingRate: 0.5, clipNorm: 0.1, integerNorm: 64, noiseMultiplier: 2, delta: 1e-5 };

/** Twelve hospitals would take too long: buckets are of two and more, and of two both must be sealed. */
export const fewHospitals: BucketRules = { ...bucketRules, leastSize: 2 };

/** Private sums have no late updates. */
export function planFor({ isPrivate, isBucketed, isNoisy, maxStaleness, maxSeals }: Faults): Plan {
  const privacy: PrivacySpec = { ...mechanism, maxSeals };
  if (isBucketed) {
    const strategy = { name: "median", maxSharePermille: 1000, maxStaleness: 0 } as const;
    return examplePlan({ rounds: 1000, strategy, minUpdates: 3, privacy: { ...privacy, buckets: 3 } });
  }
  const strategy = { name: "fedavg", maxSharePermille: 1000, maxStaleness: isPrivate ? 0 : maxStaleness } as const;
  if (isNoisy) {
    const noisy = { ...privacy, unitWeight: 1, patient };
    return examplePlan({ rounds: 1000, strategy, minUpdates: 3, sampleCap: 1, privacy: noisy });
  }
  return examplePlan({ rounds: 1000, strategy, ...(isPrivate && { minUpdates: 3, privacy }) });
}
