// How well a model does on one hospital's validation patients, as the object that its attestation names: scores without
// any identifier, in an order that says nothing, so that the federation can pool them.
import { z } from "zod";
import type { Prediction } from "../../foundation/statistics/scores.ts";
import { canonicalBytes, parseCanonical } from "./canonical.ts";
import { addressField, digestField, roundField } from "./fields.ts";

const validationScoresSchema = z
  .object({
    version: z.literal(1),
    kind: z.literal("scores"),
    round: roundField,
    hospital: addressField,
    model: digestField,
    /** One a patient, ascending by score: the model's score of the positive class, and the true label. */
    patients: z.array(z.tuple([z.number().min(0), z.union([z.literal(0), z.literal(1)])])).max(100_000),
  })
  .strict();

export type ValidationScores = z.output<typeof validationScoresSchema>;

const maxScoresBytes = 4 << 20;

export function encodeValidationScores(
  scores: Pick<ValidationScores, "round" | "hospital" | "model"> & { readonly predictions: readonly Prediction[] },
): Uint8Array {
  const { predictions, ...subject } = scores;
  const patients = predictions.map(({ score, label }): [number, 0 | 1] => [score, label]);
  patients.sort(([a, first], [b, second]) => a - b || first - second);
  return canonicalBytes(validationScoresSchema.parse({ version: 1, kind: "scores", ...subject, patients }));
}

/** @throws FedError SCORES_TOO_LARGE, SCORES_MALFORMED, SCORES_NOT_CANONICAL */
export function decodeValidationScores(bytes: Uint8Array): ValidationScores {
  return parseCanonical(bytes, validationScoresSchema, { what: "SCORES", maxBytes: maxScoresBytes });
}
