import { expect } from "chai";
import { seededIntegers } from "../../../foundation/random.ts";
import type { Prediction } from "../../../foundation/statistics/scores.ts";
import { plattCurve, rowCalibration } from "../../../study/cross-validate/calibration.ts";

/** Patients whose chance of being positive is known; their scores crowd around a half, in the chances' order. */
function crowded(count: number, seed: number): { predictions: Prediction[]; chances: number[] } {
  const next = seededIntegers("calibration", seed);
  const chances = Array.from({ length: count }, () => 0.05 + (0.9 * next()) / 2 ** 32);
  const predictions = chances.map((chance, index): Prediction => {
    const score = 0.5 + 0.02 * Math.log(chance / (1 - chance));
    return { patient: `p${index}`, label: next() / 2 ** 32 < chance ? 1 : 0, score };
  });
  return { predictions, chances };
}

describe("recalibration on validation patients", () => {
  it("finds the chance behind a score", () => {
    const { predictions, chances } = crowded(4000, 1);
    const curve = plattCurve(predictions);
    for (const [index, { score }] of predictions.slice(0, 100).entries()) {
      expect(curve(score)).to.be.closeTo(chances[index]!, 0.05);
    }
  });

  it("mends scores that crowd, on patients that it was not made from", () => {
    const folds = [2, 3, 4].map((seed) => ({
      validation: crowded(300, seed).predictions,
      heldOut: crowded(300, seed + 10).predictions,
    }));
    const { raw, recalibrated } = rowCalibration(folds);
    expect(raw).to.be.above(0.15);
    expect(recalibrated).to.be.below(0.06);
  });

  it("stays finite where all scores are alike, one class is missing, or the classes are separated", () => {
    const of = (scores: number[], labels: (0 | 1)[]) =>
      plattCurve(scores.map((score, index) => ({ patient: `p${index}`, score, label: labels[index]! })))(0.7);
    expect(of([1, 1, 1, 1], [1, 1, 1, 0])).to.be.closeTo((3 * 0.8 + 1 / 3) / 4, 1e-6);
    expect(of([0.2, 0.5, 0.8], [1, 1, 1])).to.be.within(0.5, 1);
    expect(of([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])).to.be.within(0.5, 1);
  });
});
