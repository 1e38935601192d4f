// The deliberate lies of hospitals and aggregators; the simulator draws one for each liar. A liar may also serve
// its objects to few members or to none (simulation.ts).
import { FedError } from "../../foundation/errors.ts";
import type { Ledger } from "../../protocol/ports.ts";
import { alteringModel, droppingUpdate, equivocating, includingAll, usingOldBase } from "../fakes/liars.ts";
import type { Tamper } from "./site.ts";

/** Signs manifests with an invalid signature. */
export const forging: Tamper = ({ signatures }) => ({
  signatures: { ...signatures, sign: async () => `0x${"13".repeat(65)}` },
});

/** Commits to a sample count that differs from its manifest. */
const overstating: Tamper = ({ ledger }) => ({
  ledger: {
    ...ledger,
    commitUpdate: (commitment, waiting) =>
      ledger.commitUpdate({ ...commitment, sampleCount: commitment.sampleCount + 500 }, waiting),
  },
});

/** Attests the opposite of its verdict. */
export const contradicting: Tamper = ({ ledger }) => ({ ledger: attesting(ledger, (agree) => !agree) });

/** Agrees to every proposal. */
const agreeing: Tamper = ({ ledger }) => ({ ledger: attesting(ledger, () => true) });

/** Never attests. */
export const abstaining: Tamper = ({ ledger }) => ({
  ledger: { ...ledger, attest: () => Promise.reject(new FedError("UNEXPECTED", { why: "abstains" })) },
});

export const aggregatorLies: readonly Tamper[] = [
  droppingUpdate,
  alteringModel,
  usingOldBase,
  equivocating,
  includingAll,
];
export const hospitalLies: readonly Tamper[] = [
  forging,
  overstating,
  contradicting,
  agreeing,
  abstaining,
  () => ({}),
  ...aggregatorLies,
];

export function attesting(ledger: Ledger, verdict: (agree: boolean) => boolean): Ledger {
  return {
    ...ledger,
    attest: (attestation, waiting) => ledger.attest({ ...attestation, agree: verdict(attestation.agree) }, waiting),
  };
}
