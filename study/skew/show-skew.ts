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
  return [["method", ...epochs.map((count) => `${count} local epochs`)], rows];
}

/** A sentence for each method and number of epochs; none from one seed, which gives no interval. */
export function skewSentences(cells: readonly SkewCell[]): string[] {
  return cells.flatMap(({ method, localEpochs, change }) => {
    if (Number.isNaN(change.high)) return [];
    const verdict = change.low > 0 ? "better" : change.high < 0 ? "worse" : "undecided";
    const bounds = `[${signed(change.low)}, ${signed(change.high)}]`;
    return [
      `${method} less FedAvg at ${localEpochs} local epochs: ${signed(change.value)} points ${bounds}, ${verdict}.`,
    ];
  });
}

function points({ value, high }: Estimate): string {
  const text = (100 * value).toFixed(1);
  return Number.isNaN(high) ? text : `${text} ± ${(100 * (high - value)).toFixed(1)}`;
}

function signed(share: number): string {
  const text = (100 * share).toFixed(1);
  return share > 0 ? `+${text}` : text;
}
