import { expect } from "chai";
import { wilson } from "../../../foundation/statistics/proportion.ts";
import {
  areaUnderCurve,
  calibration,
  type Prediction,
  scorePredictions,
  youdenThreshold,
} from "../../../foundation/statistics/scores.ts";

const of = (...pairs: [0 | 1, number][]): Prediction[] =>
  pairs.map(([label, score], i) => ({ patient: `${i}`, label, score }));

describe("scores", () => {
  it("gives Wilson's interval as published (Newcombe 1998: 81 of 263)", () => {
    const { value, low, high } = wilson(81, 263);
    expect(value).to.be.closeTo(0.308, 5e-4);
    expect(low).to.be.closeTo(0.2553, 5e-5);
    expect(high).to.be.closeTo(0.3662, 5e-5);
  });

  it("counts a confusion and what follows from it", () => {
    const scores = scorePredictions(
      of([1, 0.9], [1, 0.8], [1, 0.2], [0, 0.7], [0, 0.1], [0, 0.3], [0, 0.4], [0, 0.2]),
      0.5,
    );
    expect(scores.confusion).to.deep.equal({
      truePositives: 2,
      falsePositives: 1,
      trueNegatives: 4,
      falseNegatives: 1,
    });
    expect(scores.balancedAccuracy.value).to.be.closeTo((2 / 3 + 4 / 5) / 2, 1e-12);
    expect(scores.precision.value).to.be.closeTo(2 / 3, 1e-12);
    expect(scores.majorityAccuracy).to.equal(5 / 8);
  });

  it("counts ties half in the area under the curve", () => {
    expect(areaUnderCurve(of([1, 0.5], [0, 0.5], [0, 0.1])).value).to.equal(0.75);
  });

  it("calls a model that always predicts positive a model at chance, however precise it looks", () => {
    const always = of(...Array.from({ length: 98 }, (_, i): [0 | 1, number] => [i < 82 ? 1 : 0, 0.9]));
    const scores = scorePredictions(always, 0.5);
    expect(scores.precision.value).to.be.above(0.83);
    expect(scores.balancedAccuracy.value).to.equal(0.5);
    expect(scores.isAtChance).to.equal(true);
  });

  it("does not call a model that is always right at chance", () => {
    const right = of(...Array.from({ length: 40 }, (_, i): [0 | 1, number] => [(i % 2) as 0 | 1, i % 2]));
    expect(scorePredictions(right, 0.5).isAtChance).to.equal(false);
  });

  it("chooses the threshold between the classes", () => {
    expect(youdenThreshold(of([0, 0.1], [0, 0.3], [1, 0.5], [1, 0.6]))).to.be.closeTo(0.4, 1e-12);
  });

  it("takes the widest gap of several thresholds that are equally good", () => {
    const tied = of([0, 0.1], [1, 0.2], [0, 0.3], [1, 0.7]);
    expect(youdenThreshold(tied)).to.be.closeTo(0.5, 1e-12);
  });

  it("has no calibration error where scores are frequencies, and all of it where they are reversed", () => {
    expect(calibration(of([1, 1], [0, 0])).ece).to.equal(0);
    expect(calibration(of([1, 0], [0, 1])).ece).to.equal(1);
  });

  it("gives balanced accuracy the interval that follows from a published one (Newcombe 1998: 56 of 70 less 48 of 80)", () => {
    const many = (count: number, label: 0 | 1, score: number) =>
      Array.from({ length: count }, (): [0 | 1, number] => [label, score]);
    const predictions = of(...many(56, 1, 1), ...many(14, 1, 0), ...many(48, 0, 1), ...many(32, 0, 0));
    const { value, low, high } = scorePredictions(predictions, 0.5).balancedAccuracy;
    // Sensitivity less false positive rate is 0.2 [0.0524, 0.3339]; balanced accuracy is half of that above a half.
    expect(value).to.be.closeTo(0.6, 1e-12);
    expect(low).to.be.closeTo(0.5 + 0.0524 / 2, 5e-5);
    expect(high).to.be.closeTo(0.5 + 0.3339 / 2, 5e-5);
  });

  it("has a wide interval for three patients that were all classified right", () => {
    const scores = scorePredictions(of([1, 1], [1, 1], [1, 1], [0, 0], [0, 0], [0, 0]), 0.5);
    expect(scores.balancedAccuracy.value).to.equal(1);
    expect(scores.balancedAccuracy.low).to.be.below(0.8);
  });
});
