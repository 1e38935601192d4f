// The contract's terms in a simulated run.
import type { RoundTerms } from "../../protocol/contract/round.ts";
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
