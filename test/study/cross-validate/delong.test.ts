import { expect } from "chai";
import { seededIntegers } from "../../../foundation/random.ts";
import { areaUnderCurve, type Prediction } from "../../../foundation/statistics/scores.ts";
import { deLongArea, meanArea, meanDifference } from "../../../study/cross-validate/delong.ts";

/** Positive patients score higher by `gap` in the mean. */
function draw(count: number, gap: number, next: () => number): Prediction[] {
  const uniform = () => next() / 2 ** 32;
  return Array.from({ length: count }, (_, index) => {
    const label = (index % 3 === 0 ? 0 : 1) as 0 | 1;
    return { patient: `p${index}`, label, score: uniform() + uniform() + (label === 1 ? gap : 0) };
  });
}

describe("areas with DeLong's intervals", () => {
  it("agree with the variance worked out by hand", () => {
    const scores: [0 | 1, number][] = [
      [1, 4],
      [1, 2],
      [0, 3],
      [0, 1],
    ];
    const predictions = scores.map(([label, score], index): Prediction => ({ patient: String(index), label, score }));
    // Placements are 1, 1/2 and 1/2, 1; each has variance 1/8; so the area's is 1/8 / 2 + 1/8 / 2.
    const half = 1.959963984540054 * Math.sqrt(1 / 8);
    const { value, low, high } = deLongArea(predictions);
    expect(value).to.equal(0.75);
    expect(low).to.be.closeTo(0.75 - half, 1e-12);
    expect(high).to.equal(1);
  });

  it("count ties half, as the area elsewhere does", () => {
    const predictions = draw(60, 0.4, seededIntegers("delong ties")).map((each) => ({
      ...each,
      score: Math.round(3 * each.score),
    }));
    expect(deLongArea(predictions).value).to.be.closeTo(areaUnderCurve(predictions).value, 1e-12);
  });

  it("hold the true area in about 95 of 100 samples", () => {
    const next = seededIntegers("delong coverage");
    const truth = deLongArea(draw(6000, 0.5, next)).value;
    const samples = Array.from({ length: 400 }, () => deLongArea(draw(90, 0.5, next)));
    expect(samples.filter(({ low, high }) => low <= truth && truth <= high).length / 400).to.be.within(0.91, 0.985);
  });

  it("have the width of areaUnderCurve where the classes are separated", () => {
    const predictions = draw(30, 5, seededIntegers("delong apart"));
    expect(deLongArea(predictions)).to.deep.equal(areaUnderCurve(predictions));
    expect(deLongArea(predictions).low).to.be.below(1);
  });

  it("keep a wide interval where every fold is separated, or reversed, as for all their patients together", () => {
    const next = seededIntegers("delong perfect folds");
    const folds = [draw(30, 5, next), draw(30, 5, next)];
    const { value, low, high } = meanArea(folds);
    const positives = folds.flat().filter(({ label }) => label === 1).length;
    expect([value, high]).to.deep.equal([1, 1]);
    expect(low)
      .to.be.closeTo(1 - 3 / Math.min(positives, 60 - positives), 0.05)
      .and.below(1);
    const mistaken = meanArea(folds.map((fold) => fold.map((each) => ({ ...each, score: -each.score }))));
    expect([mistaken.value, mistaken.low]).to.deep.equal([0, 0]);
    expect(mistaken.high).to.be.closeTo(1 - low, 1e-12);
  });

  it("compare a fold's scores with each other only: folds may have scales of their own", () => {
    const next = seededIntegers("delong folds");
    const folds = [draw(90, 0.5, next), draw(90, 0.5, next)];
    const shifted = [folds[0]!, folds[1]!.map((each) => ({ ...each, score: each.score + 10 }))];
    expect(meanArea(shifted)).to.deep.equal(meanArea(folds));
    expect(deLongArea(shifted.flat()).value).to.be.below(deLongArea(folds.flat()).value);
  });

  it("find a difference between two rows that score the same patients, and none where there is none", () => {
    const next = seededIntegers("delong pairs");
    const plain = draw(300, 0.3, next);
    const better = plain.map((each) => ({ ...each, score: each.score + (each.label === 1 ? 0.3 : 0) }));
    const noisy = plain.map((each) => ({ ...each, score: each.score + 1e-3 * (next() / 2 ** 32) }));
    expect(meanDifference([better], [plain]).low).to.be.above(0);
    expect(meanDifference([plain], [better]).high).to.be.below(0);
    const none = meanDifference([noisy.toReversed()], [plain]);
    expect(none.low).to.be.below(0);
    expect(none.high).to.be.above(0);
    expect(none.high - none.low).to.be.below(0.01);
    expect(meanDifference([plain], [plain])).to.deep.equal({ value: 0, low: 0, high: 0 });
  });
});
