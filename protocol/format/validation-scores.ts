// How well a model does on one hospital's validation patients, as the object that its attestation names: for each class,
// how many patients scored in which range, so that the federation can pool them and no number belongs to one patient.
import { z } from "zod";
import {
  type CoarseHistogram,
  cellsOf,
  coarsen,
  mostBins,
  type ScoreCell,
} from "../../foundation/statistics/grouped-scores.ts";
import type { Prediction } from "../../foundation/statistics/scores.ts";
import { canonicalBytes, parseCanonical } from "./canonical.ts";
import { addressField, countField, digestField, roundField } from "./fields.ts";

/** Fewer patients of a class are published as "too few", and no cell holds fewer. */
export const smallestCell = 5;

const subject = { kind: z.literal("scores"), round: roundField, hospital: addressField, model: digestField };

const histogramSchema = z
  .object({
    bins: z.number().int().min(1).max(mostBins),
    /** First bin, bin after the last, patients. */
    cells: z.array(z.tuple([countField, countField, countField])).max(mostBins),
  })
  .strict()
  .refine(({ bins, cells }) =>
    cells.every(([from, to, count], place) => {
      const before = cells[place - 1]?.[1] ?? 0;
      return from >= before && from < to && to <= bins && count >= 1 && count <= 1_000_000;
    }),
  );
const classSchema = z.union([z.literal("too few"), histogramSchema]);

const histogramsSchema = z
  .object({
    version: z.literal(2),
    ...subject,
    /** No cell holds fewer patients. */
    smallestCell: z.number().int().min(1).max(1000),
    /** Of the patients with the true label 0 and 1: the model's scores of the positive class. */
    negatives: classSchema,
    positives: classSchema,
  })
  .strict()
  .refine(({ smallestCell, negatives, positives }) =>
    [negatives, positives].every(
      (each) => each === "too few" || each.cells.every(([, , count]) => count >= smallestCell),
    ),
  );

/** Of rounds before version 2: one score and label a patient. One check for the whole list, which may be long. */
const patientsSchema = z
  .object({
    version: z.literal(1),
    ...subject,
    patients: z.custom<readonly (readonly [number, 0 | 1])[]>(
      (value) => Array.isArray(value) && value.length <= 100_000 && value.every(isScoreAndLabel),
    ),
  })
  .strict();

function isScoreAndLabel(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [score, label] = value as [unknown, unknown];
  return Number.isFinite(score) && (score as number) >= 0 && (label === 0 || label === 1);
}

export const validationScoresSchema = z.union([histogramsSchema, patientsSchema]);

/** What a hospital published of its validation patients, of either version. */
export interface ValidationScores {
  readonly round: number;
  readonly hospital: string;
  readonly model: string;
  readonly positives: readonly ScoreCell[];
  readonly negatives: readonly ScoreCell[];
}

const maxScoresBytes = 4 << 20;

export function encodeValidationScores(
  scores: Pick<z.input<typeof histogramsSchema>, "round" | "hospital" | "model"> & {
    readonly predictions: readonly Prediction[];
  },
): Uint8Array {
  const { predictions, ...named } = scores;
  const classOf = (wanted: 0 | 1): CoarseHistogram | "too few" => {
    const own = predictions.filter(({ label }) => label === wanted).map(({ score }) => score);
    return coarsen(own, smallestCell) ?? "too few";
  };
  const value = { version: 2, kind: "scores", ...named, smallestCell, negatives: classOf(0), positives: classOf(1) };
  return canonicalBytes(histogramsSchema.parse(value));
}

/** A score to 1/4096: pooled scores then have few values, however many patients there are. */
function pointCell(score: number): ScoreCell {
  const rounded = Math.round(Math.min(1, score) * 4096) / 4096;
  return { low: rounded, high: rounded, count: 1 };
}

/** @throws SCORES_TOO_LARGE, SCORES_MALFORMED, SCORES_NOT_CANONICAL */
export function decodeValidationScores(bytes: Uint8Array): ValidationScores {
  const scores = parseCanonical(bytes, validationScoresSchema, { what: "SCORES", maxBytes: maxScoresBytes });
  const { round, hospital, model } = scores;
  if (scores.version === 1) {
    const cellsOfLabel = (wanted: 0 | 1) =>
      scores.patients.filter(([, label]) => label === wanted).map(([score]) => pointCell(score));
    return { round, hospital, model, positives: cellsOfLabel(1), negatives: cellsOfLabel(0) };
  }
  const cells = (each: z.output<typeof classSchema>) => (each === "too few" ? [] : cellsOf(each));
  return { round, hospital, model, positives: cells(scores.positives), negatives: cells(scores.negatives) };
}
