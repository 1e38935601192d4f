// Runs every method on the same folds and summarises the scores.

import { FedError } from "../../foundation/errors.ts";
import { deriveSeed } from "../../foundation/random.ts";
import { sha256 } from "../../foundation/sha256.ts";
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import {
  areaUnderCurve,
  type Prediction,
  scorePredictions,
  youdenThreshold,
} from "../../foundation/statistics/scores.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import { canonicalBytes } from "../../protocol/format/canonical.ts";
import { type RowCalibration, rowCalibration } from "./calibration.ts";
import { deLongArea, meanArea, meanDifference } from "./delong.ts";
import { type FoldRecord, openFoldStore } from "./fold-store.ts";
import { dealFolds } from "./folds.ts";
import type { FoldSets, Method } from "./method.ts";
import { subset } from "./resized-set.ts";
import { withShuffledLabels } from "./shuffled-labels.ts";

export interface CrossValidation {
  readonly folds: number;
  readonly seed: number;
  /** A control: labels are shuffled over the patients, so that nothing can be learned. */
  readonly shuffleLabels: boolean;
  /** Where finished folds are kept. */
  readonly dir: string;
  /** Identifies the scans, such as their shard's root. */
  readonly data: string;
}

export interface CrossRow {
  readonly name: string;
  readonly title: string;
  readonly parameters: number;
  readonly seconds: number;
  /** Over the held-out predictions of all folds together, although each fold's model has another scale. */
  readonly auc: Estimate;
  /** The mean of the folds' own areas, in each of which one model's scores are compared. */
  readonly meanAuc: Estimate;
  readonly foldAucs: readonly number[];
  /** By each fold's own threshold, which its validation patients chose. */
  readonly balancedAccuracy: Estimate;
  readonly sensitivity: Estimate;
  readonly specificity: Estimate;
  readonly calibration: RowCalibration;
  /** What each fold's validation patients chose. */
  readonly chosen: readonly string[];
  /** SHA-256 of all folds' scores: the same seed, patients and settings give the same. */
  readonly digest: string;
  /** Of each fold. */
  readonly heldOut: readonly (readonly Prediction[])[];
}

export type CrossEvent =
  | {
      readonly kind: "progress";
      readonly row: string;
      readonly fold: number;
      readonly done: number;
      readonly total: number;
      readonly note: string;
    }
  | { readonly kind: "row"; readonly row: CrossRow };

/** @throws FOLDS_TOO_MANY, FOLD_DAMAGED, LABELS_CONTRADICT, and what the methods throw; ABORTED */
export async function* crossValidate(
  pool: TrainingSet,
  methods: readonly Method[],
  { folds, seed, shuffleLabels, dir, data }: CrossValidation,
  { signal }: { signal: AbortSignal },
): AsyncGenerator<CrossEvent> {
  const set = shuffleLabels ? withShuffledLabels(pool, seed) : pool;
  checkLabels(set);
  const dealt = dealFolds(set.scans, { folds, seed });
  for (const method of methods) {
    const { name, settings, sameAs = name } = method;
    const store = await openFoldStore(dir, sameAs, { version: 1, data, folds, seed, shuffleLabels, settings });
    const records: FoldRecord[] = [];
    for (const [fold, parts] of dealt.entries()) {
      const kept = await store.read(fold + 1);
      if (kept) {
        records.push(kept);
        continue;
      }
      const started = performance.now();
      const work = method.run(setsOf(set, parts), deriveSeed(seed, "cross-validate", sameAs, fold), { signal });
      let step = await work.next();
      while (!step.done) {
        yield { kind: "progress", row: name, fold: fold + 1, ...step.value };
        step = await work.next();
      }
      const { parameters, chosen, validation, heldOut } = step.value;
      const result = {
        parameters,
        chosen,
        threshold: youdenThreshold(validation),
        validation: [...validation],
        heldOut: [...heldOut],
      };
      const record = { result, seconds: (performance.now() - started) / 1000 };
      await store.write(fold + 1, record);
      records.push(record);
    }
    yield { kind: "row", row: toRow(method, records) };
  }
}

/** The first row's area minus the second's, fold by fold over the same held-out patients. */
export function difference(first: CrossRow, second: CrossRow): Estimate {
  return meanDifference(first.heldOut, second.heldOut);
}

function toRow({ name, title }: Method, records: readonly FoldRecord[]): CrossRow {
  const results = records.map(({ result }) => result);
  const heldOut = results.map((result) => result.heldOut);
  // Each fold has its own threshold, so classes are scored, not scores.
  const calls = results.flatMap(({ heldOut: fold, threshold }) =>
    fold.map((each): Prediction => ({ ...each, score: each.score >= threshold ? 1 : 0 })),
  );
  const { balancedAccuracy, sensitivity, specificity } = scorePredictions(calls, 0.5);
  return {
    name,
    title,
    parameters: results[0]?.parameters ?? 0,
    seconds: records.reduce((sum, { seconds }) => sum + seconds, 0),
    auc: deLongArea(heldOut.flat()),
    meanAuc: meanArea(heldOut),
    foldAucs: heldOut.map((fold) => areaUnderCurve(fold).value),
    ...{ balancedAccuracy, sensitivity, specificity },
    calibration: rowCalibration(results),
    chosen: results.map(({ chosen }) => chosen),
    digest: Buffer.from(sha256(canonicalBytes(results))).toString("hex"),
    heldOut,
  };
}

function setsOf(set: TrainingSet, parts: ReturnType<typeof dealFolds>[number]): FoldSets {
  const of = (split: "train" | "validation" | "test") => subset(set, (patient) => parts.get(patient) === split);
  return { train: of("train"), validation: of("validation"), test: of("test") };
}

/** A patient with two labels would be dealt by one and scored by the other. */
function checkLabels({ scans }: TrainingSet): void {
  const labels = new Map(scans.map(({ patient, label }) => [patient, label]));
  const bad = scans.find(({ patient, label }) => labels.get(patient) !== label);
  if (bad)
    throw new FedError(
      "LABELS_CONTRADICT",
      { patient: bad.patient },
      { remedy: "correct the labels and import again" },
    );
}
