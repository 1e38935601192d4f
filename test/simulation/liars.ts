// What a hospital or an aggregator may do wrong on purpose, for the simulator: it draws one for each liar.
// Besides, a liar may serve its objects to few of the others, or to none (simulation.ts).
import { FedError } from "../../foundation/errors.ts";
import type { Ledger } from "../../protocol/ports.ts";
import { alteringModel, droppingUpdate, equivocating, includingAll, usingOldBase } from "../fakes/liars.ts";
import type { Tamper } from "./site.ts";

/** Signs manifests that nobody can check. */
export const forging: Tamper = ({ signatures }) => ({
  signatures: { ...signatures, sign: async () => `0x${"13".repeat(65)}` },
});

/** Commits to another sample count than its manifest says. */
const overstating: Tamper = ({ ledger }) => ({
  ledger: {
    ...ledger,
    commitUpdate: (commitment, waiting) =>
      ledger.commitUpdate({ ...commitment, sampleCount: commitment.sampleCount + 500 }, waiting),
  },
});

/** Says the opposite of what it found. */
const contrary: Tamper = ({ ledger }) => ({ ledger: attesting(ledger, (agree) => !agree) });

/** Agrees to anything. */
const agreeing: Tamper = ({ ledger }) => ({ ledger: attesting(ledger, () => true) });

/** Takes part in nothing but the averaging. */
const abstaining: Tamper = ({ ledger }) => ({
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
  contrary,
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
