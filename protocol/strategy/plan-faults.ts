// Plans that are well formed and could not run: what their sections ask of each other. Checked before a federation starts;
// each would else stop the first round.
import type { Plan } from "../format/plan.ts";
import { strategyOf } from "./registry.ts";

/** A reason why a plan that is well formed could not run. */
export interface PlanFault {
  /** The error that the first round would stop with. */
  readonly code: "STRATEGY_NEEDS_DENSE" | "STRATEGY_NEEDS_SGD";
  /** What is wrong, for people. */
  readonly why: string;
  /** Which field to change, and to what. */
  readonly remedy: string;
}

/** Everything that a plan could not run with. */
export function planFaults({ strategy, update, training }: Plan): PlanFault[] {
  const faults: PlanFault[] = [];
  if (strategyOf(strategy).combine && update.topFraction < 1) {
    faults.push({
      code: "STRATEGY_NEEDS_DENSE",
      why: `${strategy.name} takes the middle of each coordinate, which is 0 where most hospitals send nothing`,
      remedy: "plan for update.topFraction 1, or for a strategy that averages",
    });
  }
  if (strategy.name === "scaffold" && training.optimiser.name !== "sgd") {
    faults.push({
      code: "STRATEGY_NEEDS_SGD",
      why: "scaffold's control variates are means of gradients, which Adam rescales",
      remedy: "plan for training.optimiser sgd",
    });
  }
  return faults;
}
