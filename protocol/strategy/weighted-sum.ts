// The hot loop: exact weighted sums of integers. Float64 adds integers below 2^53 without rounding, so any order of
// hospitals gives the same sum; four hospitals a pass, because memory traffic is what costs.
import { FedError } from "../errors.ts";
import { largestInteger, maxUpdates, type UpdateType } from "../update/integers.ts";
import type { Columns } from "./strategy.ts";

/**
 * The weights' total.
 * @throws FedError SUM_OVERFLOW where the sum of that many integers of the type might not be exact
 */
export function totalWeight(weights: readonly number[], type: UpdateType): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (weights.length > maxUpdates || total * largestInteger[type] >= 2 ** 53 || total <= 0) {
    throw new FedError("SUM_OVERFLOW", { updates: weights.length, total, type });
  }
  return total;
}

/** sums[i] = sum over hospitals of weights[h] * columns[h][i] */
export function weightedSum(columns: Columns, weights: readonly number[], sums: Float64Array): void {
  const length = sums.length;
  sums.fill(0);
  let hospital = 0;
  for (; hospital + 3 < columns.length; hospital += 4) {
    const a = columns[hospital] as Columns[number];
    const b = columns[hospital + 1] as Columns[number];
    const c = columns[hospital + 2] as Columns[number];
    const d = columns[hospital + 3] as Columns[number];
    const [wa, wb, wc, wd] = weights.slice(hospital, hospital + 4) as [number, number, number, number];
    for (let index = 0; index < length; index++) {
      sums[index] =
        (sums[index] as number) +
        (wa * (a[index] as number) + wb * (b[index] as number) + wc * (c[index] as number) + wd * (d[index] as number));
    }
  }
  for (; hospital < columns.length; hospital++) {
    const column = columns[hospital] as Columns[number];
    const weight = weights[hospital] as number;
    for (let index = 0; index < length; index++) {
      sums[index] = (sums[index] as number) + weight * (column[index] as number);
    }
  }
}
