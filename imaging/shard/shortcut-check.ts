// Checks whether the label can be guessed from how a scan was taken, without its pixels. Then a network may learn that instead
// of the disease (DeGrave, Janizek and Lee 2021, "AI for radiographic COVID-19 detection selects shortcuts over signal").

import { seededIntegers } from "../../foundation/random.ts";
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import { areaUnderCurve } from "../../foundation/statistics/scores.ts";
import type { ScanFacts, ScanRecord } from "./shard-format.ts";

/** How well the label can be guessed from one feature of how scans were taken. */
export interface Shortcut {
  /** The feature from which the label was guessed; "all together" for the sum of all. */
  readonly feature: string;
  /** Cross-validated by patient, with a 95 % interval. */
  readonly auc: Estimate;
  /** AUC that the best feature reaches by chance in 19 of 20 archives like this. */
  readonly chance: number;
  /** Whether `auc` is above `chance`: a network may learn the feature in place of the disease. */
  readonly isWarned: boolean;
}

const features: Readonly<Record<string, (facts: ScanFacts) => string | number>> = {
  format: ({ format }) => format,
  encoding: ({ transferSyntax }) => transferSyntax,
  manufacturer: ({ manufacturer }) => manufacturer,
  model: ({ manufacturer, model }) => `${manufacturer} ${model}`,
  kernel: ({ kernel }) => kernel,
  position: ({ position }) => position,
  matrix: ({ rows, columns }) => `${rows} x ${columns}`,
  "pixel size": ({ pixelMm }) => pixelMm,
  "slice distance": ({ spacingMm }) => spacingMm,
  "slice thickness": ({ thicknessMm }) => thicknessMm,
  "number of slices": ({ storedSlices }) => storedSlices,
};

const folds = 5;
const bins = 4;
const fewestOfAClass = 10;
const permutations = 199;

/**
 * One result for each feature, and one for all together; none if a class has fewer than ten patients. A feature is warned
 * about if it guesses better than the best feature in 19 of 20 shuffles of the labels: of many features, one looks good by
 * chance.
 */
export function checkShortcuts(scans: readonly Pick<ScanRecord, "patient" | "label" | "facts">[]): Shortcut[] {
  const labels = scans.map(({ label }) => label);
  const positive = labels.filter((label) => label === 1).length;
  if (Math.min(positive, labels.length - positive) < fewestOfAClass) return [];
  const columns = Object.entries(features)
    .map(([feature, read]) => ({ feature, values: scans.map(({ facts }) => read(facts)) }))
    .filter(({ values }) => new Set(values).size > 1);
  const found = guess(columns, labels);
  const next = seededIntegers("shortcut check", labels.length);
  const chance = Array.from({ length: permutations }, () =>
    Math.max(0, ...guess(columns, shuffled(labels, next)).map(({ auc }) => auc.value)),
  );
  const limit = chance.sort((a, b) => a - b)[Math.floor(0.95 * permutations)]!;
  return found.map((one) => ({ ...one, chance: limit, isWarned: one.auc.value > limit }));
}

interface Column {
  readonly feature: string;
  readonly values: readonly (string | number)[];
}

function guess(columns: readonly Column[], labels: readonly (0 | 1)[]): { feature: string; auc: Estimate }[] {
  const foldOf = stratifiedFolds(labels);
  const together = labels.map(() => 0);
  const aucOf = (scores: readonly number[]) =>
    areaUnderCurve(labels.map((label, index) => ({ patient: String(index), label, score: scores[index]! })));
  const single = columns.map(({ feature, values }) => {
    const scores = logOddsByFold(values, labels, foldOf);
    for (const [index, score] of scores.entries()) together[index]! += score;
    return { feature, auc: aucOf(scores) };
  });
  return columns.length > 1 ? [...single, { feature: "all together", auc: aucOf(together) }] : single;
}

function shuffled<T>(values: readonly T[], next: () => number): T[] {
  const mixed = [...values];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = next() % (last + 1);
    [mixed[last], mixed[other]] = [mixed[other]!, mixed[last]!];
  }
  return mixed;
}

/** Assigns the scans of each class to the folds in turn; their order, that of the pseudonyms, is random. */
function stratifiedFolds(labels: readonly (0 | 1)[]): number[] {
  const turns = [0, 0];
  return labels.map((label) => turns[label]!++ % folds);
}

/** The log odds of the positive class among training scans of equal value, towards the prior where there are few. */
function logOddsByFold(
  values: readonly (string | number)[],
  labels: readonly (0 | 1)[],
  foldOf: readonly number[],
): number[] {
  const scores = values.map(() => 0);
  for (let fold = 0; fold < folds; fold++) {
    const training = [...values.keys()].filter((index) => foldOf[index] !== fold);
    const keyOf = binsOf(training.map((index) => values[index]!));
    const counts = new Map<string, [negative: number, positive: number]>();
    const total: [number, number] = [0, 0];
    for (const index of training) {
      const key = keyOf(values[index]!);
      const count = counts.get(key) ?? [0, 0];
      count[labels[index]!]!++;
      total[labels[index]!]!++;
      counts.set(key, count);
    }
    const prior = total[1] / training.length;
    for (const index of values.keys()) {
      if (foldOf[index] !== fold) continue;
      const [negative, positive] = counts.get(keyOf(values[index]!)) ?? [0, 0];
      scores[index] = Math.log((positive + 2 * prior) / prior / ((negative + 2 * (1 - prior)) / (1 - prior)));
    }
  }
  return scores;
}

/** Each text is a bin of its own; numbers fall into quarters of the training scans' values. */
function binsOf(training: readonly (string | number)[]): (value: string | number) => string {
  const numbers = training.filter((value) => typeof value === "number").sort((a, b) => a - b);
  const edges = Array.from(
    { length: bins - 1 },
    (_, edge) => numbers[Math.floor(((edge + 1) * numbers.length) / bins)],
  );
  return (value) => (typeof value === "string" ? value : String(edges.filter((edge) => value >= (edge ?? 0)).length));
}
