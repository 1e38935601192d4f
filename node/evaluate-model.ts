// Scores a proposed model on this hospital's own validation patients. A hospital whose scoring fails still says whether
// the model is the right average: that needs no patients.

import type { Digest, HospitalAddress, RoundId } from "../protocol/digest.ts";
import { isFedError } from "../protocol/errors.ts";
import type { Plan } from "../protocol/plan.ts";
import type { Learner, Log, Waiting } from "../protocol/ports.ts";
import { encodeValidationScores } from "../protocol/validation-scores.ts";

/** @returns the scores' bytes; undefined where scoring failed. @throws FedError ABORTED */
export async function evaluateModel(
  { learner, log }: { learner: Learner; log: Log },
  subject: { round: RoundId; hospital: HospitalAddress; plan: Plan; model: Uint8Array; digest: Digest },
  waiting: Waiting,
): Promise<Uint8Array | undefined> {
  const { round, hospital, plan, model, digest } = subject;
  try {
    const predictions = await learner.predict({ plan, model, split: "validation" }, waiting);
    return encodeValidationScores({ round, hospital, model: digest, predictions });
  } catch (error) {
    if (!isFedError(error) || error.code === "ABORTED") throw error;
    log.warn("scoring-failed", { round, code: error.code, ...error.facts });
    return undefined;
  }
}
