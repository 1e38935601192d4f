// Scores a proposed model on this hospital's own validation patients. If scoring fails, the hospital can still attest
// the average, which needs no patients.

import { isFedError } from "../foundation/errors.ts";
import { areaUnderCurve } from "../foundation/statistics/scores.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import type { Plan } from "../protocol/format/plan.ts";
import { encodeValidationScores } from "../protocol/format/validation-scores.ts";
import type { Learner } from "../protocol/learner.ts";
import type { Log } from "../protocol/ports.ts";

export interface Evaluation {
  /** The scores as they are published. */
  readonly statement: Uint8Array;
  readonly patients: number;
  /** Area under the curve; undefined where all patients are of one class. */
  readonly auc: number | undefined;
}

/** @returns undefined if scoring failed. @throws ABORTED */
export async function evaluateModel(
  { learner, log }: { learner: Learner; log: Log },
  subject: { round: RoundId; hospital: HospitalAddress; plan: Plan; model: Uint8Array; digest: Digest },
  waiting: Waiting,
): Promise<Evaluation | undefined> {
  const { round, hospital, plan, model, digest } = subject;
  try {
    const predictions = await learner.predict({ plan, model, split: "validation" }, waiting);
    const { value } = areaUnderCurve(predictions);
    return {
      statement: encodeValidationScores({ round, hospital, model: digest, predictions }),
      patients: predictions.length,
      auc: Number.isNaN(value) ? undefined : value,
    };
  } catch (error) {
    if (!isFedError(error) || error.code === "ABORTED") throw error;
    log.warn("scoring-failed", { round, code: error.code, ...error.facts });
    return undefined;
  }
}
