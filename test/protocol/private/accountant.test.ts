import { readFileSync } from "node:fs";
import { expect } from "chai";
import { epsilonOf, noiseFor, noiseStep, renyiDivergence } from "../../../protocol/private/accountant.ts";
import { privacyCost, showEpsilon } from "../../../protocol/private/privacy-cost.ts";

/** Of Google's dp-accounting 0.6.0: test/python/dp_accounting_grid.py wrote it. */
const golden = JSON.parse(
  readFileSync(new URL("./dp-accounting.json", import.meta.url), "utf8"),
) as readonly (readonly [
  rate: number,
  noise: number,
  openings: number,
  delta: number,
  orders: number,
  losses: number,
])[];

describe("the accountant of differential privacy", () => {
  it("is never below Google's two accountants, and equal to the one by Rényi orders", () => {
    expect(golden.length).to.equal(72);
    for (const [samplingRate, noiseMultiplier, openings, delta, orders, losses] of golden) {
      const epsilon = epsilonOf({ samplingRate, noiseMultiplier }, openings, delta);
      const about = JSON.stringify([samplingRate, noiseMultiplier, openings, delta, epsilon]);
      expect(epsilon, about).to.be.at.least(losses);
      // The table is rounded to six places.
      expect(epsilon, about).to.be.within(orders - 1e-6, orders * 1.0005 + 1e-5);
    }
  });

  it("follows from the Gaussian's own divergence where every patient is in every step", () => {
    for (const order of [2, 17, 512]) {
      expect(renyiDivergence({ samplingRate: 1, noiseMultiplier: 3 }, order)).to.be.closeTo(order / 18, 1e-8);
    }
  });

  it("costs nothing before the first sum, more with each, and more with less noise and larger samples", () => {
    const cost = (samplingRate: number, noiseMultiplier: number, openings: number) =>
      epsilonOf({ samplingRate, noiseMultiplier }, openings, 1e-5);
    expect(cost(0.1, 1, 0)).to.equal(0);
    expect(cost(0.1, 1, 1)).to.be.above(0);
    expect(cost(0.1, 1, 2)).to.be.above(cost(0.1, 1, 1));
    expect(cost(0.1, 1, 10)).to.be.above(cost(0.1, 1.1, 10));
    expect(cost(0.2, 1, 10)).to.be.above(cost(0.1, 1, 10));
    expect(cost(2 ** -20, 200, 1_000_000)).to.be.within(0, 0.1);
  });

  it("finds the least noise that keeps an epsilon, or none", () => {
    const about = { samplingRate: 0.2, openings: 50, delta: 1e-5 };
    const noise = noiseFor(6, about)!;
    const cost = (noiseMultiplier: number) => epsilonOf({ ...about, noiseMultiplier }, about.openings, about.delta);
    expect(Number.isInteger(noise / noiseStep)).to.equal(true);
    expect(cost(noise)).to.be.at.most(6);
    expect(cost(noise - noiseStep)).to.be.above(6);
    expect(noiseFor(0.001, { samplingRate: 1, openings: 1_000_000, delta: 1e-5 })).to.equal(undefined);
  });

  it("is told rounded up, and not at all without noise", () => {
    expect(["1.0001", "7", "0.019"].map(Number).map(showEpsilon)).to.deep.equal(["1.01", "7.00", "0.02"]);
    expect(privacyCost({ mode: "sum", unitWeight: 1, largest: 9, maxSeals: 3 }, 3)).to.equal(undefined);
  });
});
