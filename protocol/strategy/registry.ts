// The rules by their names in plans.
import { bulyan } from "./bulyan.ts";
import { fedadagrad } from "./fedadagrad.ts";
import { fedadam } from "./fedadam.ts";
import { fedavg } from "./fedavg.ts";
import { fedavgm } from "./fedavgm.ts";
import { fedyogi } from "./fedyogi.ts";
import { geometricMedian } from "./geometric-median.ts";
import { krum } from "./krum.ts";
import { median } from "./median.ts";
import { multiKrum } from "./multi-krum.ts";
import { scaffold } from "./scaffold.ts";
import type { Strategy } from "./strategy.ts";
import type { StrategyName, StrategySpec } from "./strategy-spec.ts";
import { trimmedMean } from "./trimmed-mean.ts";

const strategies: { readonly [Name in StrategyName]: Strategy<Name> } = {
  fedavg,
  fedavgm,
  fedadam,
  fedyogi,
  fedadagrad,
  scaffold,
  median,
  "trimmed-mean": trimmedMean,
  krum,
  "multi-krum": multiKrum,
  bulyan,
  "geometric-median": geometricMedian,
};

/** The rules that a plan can name. */
export const strategyNames = Object.keys(strategies) as [StrategyName, ...StrategyName[]];

/** The rule of a plan; its functions take the same plan's section. */
export function strategyOf(spec: StrategySpec): Strategy {
  return strategies[spec.name] as unknown as Strategy;
}

/** Updates below which the plan's rule refuses to aggregate: a plan's minUpdates should be no smaller. */
export function requiredUpdates(spec: StrategySpec): number {
  return strategyOf(spec).requiredUpdates(spec);
}
