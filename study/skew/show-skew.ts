// The skew study as a table and sentences.
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import { type SkewCell, skewMethods } from "./skew-study.ts";

/** Header and rows: balanced accuracy in %, the mean and half of its interval's width. */
export function skewTable(cells: readonly SkewCell[]): [header: string[], rows: string[][]] {
  const epochs = [...new Set(cells.map(({ localEpochs }) => localEpochs))];
  const rows = skewMethods.map(({ name }) => [
    name,
    ...epochs.map((count) => {
      const found = cells.find((cell) => cell.method === name && cell.localEpochs === count);
      return found ? points(found.balancedAccuracy) : "–";
    }),
  ]);
  return [["method", ...epochs.map((count) => `${count} local epoch${count === 1 ? "" : "s"}`)], rows];
}

/** A sentence for each method and number of epochs; none from one seed, which gives no interval. */
export function skewSentences(cells: readonly SkewCell[]): string[] {
  return cells.flatMap(({ method, localEpochs, change }) => {
    const { balancedAccuracy, auc } = change;
    if (Number.isNaN(auc.high)) return [];
    const accuracy = `${signed(balancedAccuracy, 100, 1)} points of balanced accuracy (${verdict(balancedAccuracy)})`;
    const area = `${signed(auc, 1, 3)} of AUC (${verdict(auc)})`;
    return [`${method} less FedAvg, local epochs ${localEpochs}: ${accuracy}, ${area}.`];
  });
}

function verdict({ low, high }: Estimate): "better" | "worse" | "undecided" {
  if (low > 0) return "better";
  return high < 0 ? "worse" : "undecided";
}

function points({ value, high }: Estimate): string {
  const text = (100 * value).toFixed(1);
  return Number.isNaN(high) ? text : `${text} ± ${(100 * (high - value)).toFixed(1)}`;
}

function signed({ value, low, high }: Estimate, factor: number, digits: number): string {
  const text = (each: number) => `${each > 0 ? "+" : ""}${(factor * each).toFixed(digits)}`;
  return `${text(value)} [${text(low)}, ${text(high)}]`;
}
