import { expect } from "chai";
import { defaultPlan } from "../../../protocol/format/default-plan.ts";
import type { Plan } from "../../../protocol/format/plan.ts";
import { planFaults } from "../../../protocol/strategy/plan-faults.ts";
import type { StrategyName } from "../../../protocol/strategy/strategy-spec.ts";
import { planOf } from "./small-federation.ts";

/** The codes of a plan with this strategy and share of coordinates. */
function faultsOf(name: StrategyName, topFraction: number, optimiser: object = { name: "sgd" }): string[] {
  const { strategy } = planOf(name);
  const plan = defaultPlan();
  const training = { ...plan.training, optimiser } as Plan["training"];
  return planFaults({ ...plan, strategy, training, update: { ...plan.update, topFraction } }).map(({ code }) => code);
}

describe("faults of a plan", () => {
  it("are sparse updates under rules that take the middle of each coordinate, and only these", () => {
    for (const name of ["median", "trimmed-mean", "bulyan"] as const) {
      expect(faultsOf(name, 1), name).to.deep.equal([]);
      expect(faultsOf(name, 0.99), name).to.deep.equal(["STRATEGY_NEEDS_DENSE"]);
    }
    for (const name of ["fedavg", "krum", "fedadam"] as const) expect(faultsOf(name, 0.01), name).to.deep.equal([]);
  });

  it("are SCAFFOLD's control variates without plain gradients", () => {
    expect(faultsOf("scaffold", 1, { name: "adam" })).to.deep.equal(["STRATEGY_NEEDS_SGD"]);
    expect(faultsOf("scaffold", 1)).to.deep.equal([]);
    expect(faultsOf("fedavg", 1, { name: "adam" })).to.deep.equal([]);
  });
});
