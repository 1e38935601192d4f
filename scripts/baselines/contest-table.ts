// The paper's table with balanced accuracy, AUC, their intervals and the majority class in addition.
import pc from "picocolors";
import type { ContestRow } from "../../study/baselines/contest.ts";
import { showEstimate } from "../terminal/show-estimate.ts";
import { table } from "../terminal/table.ts";

export function contestTable(rows: readonly ContestRow[]): string {
  return table(
    ["network", "precision", "sens.", "spec.", "balanced accuracy", "AUC", ""],
    rows.map(({ title, pretrained, scores }) => [
      pretrained ? `${title} (frozen)` : title,
      share(scores.precision.value),
      share(scores.sensitivity.value),
      share(scores.specificity.value),
      showEstimate(scores.balancedAccuracy, 2),
      showEstimate(scores.auc, 2),
      scores.isAtChance ? pc.yellow("at chance") : "",
    ]),
  );
}

function share(value: number): string {
  return Number.isNaN(value) ? "–" : value.toFixed(2);
}
