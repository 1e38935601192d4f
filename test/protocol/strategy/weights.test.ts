import { expect } from "chai";
import fc from "fast-check";
import { defaultPlan } from "../../../protocol/format/default-plan.ts";
import { weightShares } from "../../../protocol/strategy/weight-shares.ts";
import { boundShares, updateWeights } from "../../../protocol/strategy/weights.ts";
import { planOf } from "./small-federation.ts";

describe("weights", () => {
  it("leave nobody above the share, and keep as much of the large ones as that allows", () => {
    const weights = fc.array(fc.integer({ min: 1, max: 2 ** 20 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 1000 }), (given, permille) => {
        const bounded = boundShares(given, permille);
        const total = bounded.reduce((sum, weight) => sum + weight, 0);
        const largest = Math.max(...bounded);
        if (given.length * permille < 1000) {
          expect(bounded).to.deep.equal(given.map(() => 1)); // not even equal weights are within the share
          return;
        }
        expect(largest * 1000).to.be.at.most(total * permille);
        const looser = given.map((weight) => Math.min(weight, largest + 1));
        const looserTotal = looser.reduce((sum, weight) => sum + weight, 0);
        if (largest < Math.max(...given)) expect((largest + 1) * 1000).to.be.above(looserTotal * permille);
        expect(bounded).to.deep.equal(given.map((weight) => Math.min(weight, largest)));
      }),
      { seed: 1 },
    );
  });

  it("give no hospital more than the default plan's bound, though one claims the cap and the others have ten scans", () => {
    const plan = defaultPlan();
    const bound = plan.strategy.maxSharePermille / 1000;
    for (let hospitals = 1; hospitals <= 12; hospitals++) {
      const updates = Array.from({ length: hospitals }, (_, index) => ({
        index,
        sampleCount: index === 0 ? plan.sampleCap : 10,
        age: 0,
      }));
      const shares = weightShares(updates, plan)!;
      expect(shares.reduce((sum, share) => sum + share, 0)).to.be.closeTo(1, 1e-12);
      expect(shares[0]).to.be.at.most(Math.max(bound, 1 / hospitals));
      expect(shares[0]).to.be.above(Math.min(bound, 1 / hospitals) * 0.9);
    }
    expect(bound).to.be.below(0.5);
  });

  it("are no shares of influence under rules that choose among updates or take medians", () => {
    const updates = [0, 1, 2, 3, 4].map((index) => ({ index, sampleCount: 10, age: 0 }));
    for (const name of ["median", "krum", "bulyan", "geometric-median"] as const) {
      expect(weightShares(updates, planOf(name)), name).to.equal(undefined);
    }
    expect(weightShares(updates, planOf("fedadam"))).to.deep.equal([0.2, 0.2, 0.2, 0.2, 0.2]);
  });

  it("of late updates are floor(samples / (1 + age)), never nothing", () => {
    const { strategy, sampleCap } = planOf("fedavg", { strategy: { maxStaleness: 3 } });
    const updates = [0, 1, 2, 3].map((age) => ({ index: age, sampleCount: age === 3 ? 2 : 10, age }));
    expect(updateWeights(updates, { strategy, sampleCap })).to.deep.equal([10, 5, 3, 1]);
  });
});
