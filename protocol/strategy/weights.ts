// The weight of each hospital in a round: integers from public numbers, with a bound on each hospital's share.
import { FedError } from "../../foundation/errors.ts";
import type { StrategySpec } from "./strategy-spec.ts";

/**
 * Integer weights, in the order given.
 * Fresh updates weigh their sample count; an update `age` rounds old weighs floor(count / (1 + age)), at least 1
 * (Xie et al. 2019, "Asynchronous Federated Optimization", polynomial staleness with a = 1, as an exact rational).
 * @throws SAMPLE_CAP_EXCEEDED, UPDATE_TOO_OLD
 */
export function updateWeights(
  updates: readonly { readonly index: number; readonly sampleCount: number; readonly age: number }[],
  { sampleCap, strategy }: { readonly sampleCap: number; readonly strategy: StrategySpec },
): number[] {
  const counts = updates.map(({ index, sampleCount, age }) => {
    if (!Number.isInteger(sampleCount) || sampleCount < 1 || sampleCount > sampleCap) {
      throw new FedError("SAMPLE_CAP_EXCEEDED", { index, sampleCount, sampleCap });
    }
    if (!Number.isInteger(age) || age < 0 || age > strategy.maxStaleness) {
      throw new FedError("UPDATE_TOO_OLD", { index, age, maxStaleness: strategy.maxStaleness });
    }
    return Math.max(1, Math.floor(sampleCount / (1 + age)));
  });
  return boundShares(counts, strategy.maxSharePermille);
}

/**
 * Caps the weights at the largest integer that leaves nobody above the share; equal weights where even those exceed it.
 * @param permille largest share of the total, in thousandths
 */
export function boundShares(weights: readonly number[], permille: number): number[] {
  const allowed = (cap: number) => {
    const total = weights.reduce((sum, weight) => sum + Math.min(weight, cap), 0);
    return cap * 1000 <= total * permille;
  };
  const largest = Math.max(...weights);
  if (allowed(largest)) return [...weights];
  // The allowed caps are an interval from 0 (total(cap) is concave), so halving finds its upper end.
  let low = 0;
  let high = largest;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (allowed(middle)) low = middle;
    else high = middle;
  }
  return weights.map((weight) => (low === 0 ? 1 : Math.min(weight, low)));
}
