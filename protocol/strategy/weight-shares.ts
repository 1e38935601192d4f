// The share of each hospital in a round's average, for people: who had how much influence.

import { strategyOf } from "./registry.ts";
import type { StrategySpec } from "./strategy-spec.ts";
import { updateWeights } from "./weights.ts";

/**
 * Shares of the total weight, in the order given.
 * @returns undefined for rules that choose among updates or take medians: there, weights are not influence
 * @throws SAMPLE_CAP_EXCEEDED, UPDATE_TOO_OLD
 */
export function weightShares(
  updates: Parameters<typeof updateWeights>[0],
  plan: { readonly sampleCap: number; readonly strategy: StrategySpec },
): number[] | undefined {
  const { combine, weigh } = strategyOf(plan.strategy);
  if (combine || weigh) return undefined;
  const weights = updateWeights(updates, plan);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
