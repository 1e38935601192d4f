// The paper's table with what it lacks: balanced accuracy, AUC, their intervals, and the majority beside.
import pc from "picocolors";
import type { Estimate } from "../../protocol/scores.ts";
import { table } from "../terminal/table.ts";
import type { ContestRow } from "./contest.ts";

export function contestTable(rows: readonly ContestRow[]): string {
  return table(
    ["network", "precision", "sens.", "spec.", "balanced accuracy", "AUC", ""],
    rows.map(({ title, pretrained, scores }) => [
      pretrained ? `${title} (frozen)` : title,
      share(scores.precision.value),
      share(scores.sensitivity.value),
      share(scores.specificity.value),
      estimate(scores.balancedAccuracy),
      estimate(scores.auc),
      scores.isAtChance ? pc.yellow("at chance") : "",
    ]),
  );
}

function estimate({ value, low, high }: Estimate): string {
  return Number.isNaN(value) ? "–" : `${value.toFixed(2)} [${low.toFixed(2)}–${high.toFixed(2)}]`;
}

function share(value: number): string {
  return Number.isNaN(value) ? "–" : value.toFixed(2);
}
