import { expect } from "chai";
import fc from "fast-check";
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

  it("of late updates are floor(samples / (1 + age)), never nothing", () => {
    const { strategy, sampleCap } = planOf("fedavg", { strategy: { maxStaleness: 3 } });
    const updates = [0, 1, 2, 3].map((age) => ({ index: age, sampleCount: age === 3 ? 2 : 10, age }));
    expect(updateWeights(updates, { strategy, sampleCap })).to.deep.equal([10, 5, 3, 1]);
  });
});
