// Prints a cross-validation: each method's scores in one table.
import type { CrossRow } from "../../study/cross-validate/run.ts";
import { showEstimate } from "../terminal/show-estimate.ts";
import { table } from "../terminal/table.ts";

export function crossTable(rows: readonly CrossRow[]): string {
  const head = ["", "parameters", "AUC, mean of folds", "each fold", "AUC, pooled", "balanced accuracy"];
  return table(
    [...head, "calibration error", "seconds"],
    rows.map(({ title, parameters, auc, meanAuc, foldAucs, balancedAccuracy, calibration, seconds }) => [
      title,
      parameters.toLocaleString("en"),
      showEstimate(meanAuc, 3, 2),
      foldAucs.map((value) => value.toFixed(2)).join(" "),
      showEstimate(auc, 3, 2),
      showEstimate(balancedAccuracy, 3, 2),
      `${calibration.raw.toFixed(3)} → ${calibration.recalibrated.toFixed(3)}`,
      seconds.toFixed(0),
    ]),
  );
}
