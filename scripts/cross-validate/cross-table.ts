// Prints a cross-validation: each method's scores, and the differences of the capsules from the CNN.
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import { type CrossRow, difference } from "../../study/cross-validate/run.ts";
import { showEstimate } from "../terminal/show-estimate.ts";
import { table } from "../terminal/table.ts";

export function crossTable(rows: readonly CrossRow[]): string {
  return table(
    ["", "parameters", "AUC, mean of folds", "each fold", "AUC, pooled", "balanced accuracy", "seconds"],
    rows.map(({ title, parameters, auc, meanAuc, foldAucs, balancedAccuracy, seconds }) => [
      title,
      parameters.toLocaleString("en"),
      showEstimate(meanAuc, 3, 2),
      foldAucs.map((value) => value.toFixed(2)).join(" "),
      showEstimate(auc, 3, 2),
      showEstimate(balancedAccuracy, 3, 2),
      seconds.toFixed(0),
    ]),
  );
}

export interface Comparison {
  readonly row: string;
  readonly against: string;
  readonly difference: Estimate;
  readonly verdict: "above" | "equal within the interval" | "below";
}

/** Each row of capsules against the CNN and the logistic regression, if they are among the rows. */
export function comparisons(rows: readonly CrossRow[]): Comparison[] {
  const named = (...names: string[]) => rows.filter(({ name }) => names.includes(name));
  return named("compact", "federated").flatMap((row) =>
    named("cnn", "logistic").map((other): Comparison => {
      const found = difference(row, other);
      const verdict = found.low > 0 ? "above" : found.high < 0 ? "below" : "equal within the interval";
      return { row: row.title, against: other.title, difference: found, verdict };
    }),
  );
}

export function comparisonLine({ row, against, difference, verdict }: Comparison): string {
  const sign = difference.value >= 0 ? "+" : "";
  return `${row}: ${sign}${showEstimate(difference, 3, 2)} beside the ${against}: ${verdict}.`;
}
