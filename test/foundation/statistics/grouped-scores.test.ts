import { expect } from "chai";
import fc from "fast-check";
import { seededIntegers } from "../../../foundation/random.ts";
import {
  cellsOf,
  coarsen,
  groupedArea,
  groupedCalibration,
  mostBins,
  type ScoreCell,
} from "../../../foundation/statistics/grouped-scores.ts";
import { areaUnderCurve, calibration, type Prediction } from "../../../foundation/statistics/scores.ts";

const smallestCell = 5;
const score = fc.double({ min: 0, max: 1, noNaN: true });
const manyScores = fc.array(score, { minLength: smallestCell, maxLength: 300 });

const predictions = (positives: readonly number[], negatives: readonly number[]): Prediction[] => [
  ...positives.map((each) => ({ patient: "", label: 1 as const, score: each })),
  ...negatives.map((each) => ({ patient: "", label: 0 as const, score: each })),
];
const grouped = (scores: readonly number[]) => cellsOf(coarsen(scores, smallestCell)!);
const points = (scores: readonly number[]): ScoreCell[] => scores.map((each) => ({ low: each, high: each, count: 1 }));

/** Scores of a model that separates the classes by about one standard deviation. */
function drawn(seed: number, count: number, shift: number): number[] {
  const next = seededIntegers("scores", seed);
  return Array.from({ length: count }, () => ((next() + next() + next()) / (3 * 2 ** 32)) * 0.8 + shift);
}

describe("scores as counts of ranges", () => {
  it("have no cell of fewer patients, lose none, and say nothing of fewer patients than a cell", () => {
    fc.assert(
      fc.property(fc.array(score, { maxLength: 400 }), (scores) => {
        const histogram = coarsen(scores, smallestCell);
        expect(histogram === undefined).to.equal(scores.length < smallestCell);
        if (!histogram) return;
        const { bins, cells } = histogram;
        expect(cells.reduce((sum, [, , count]) => sum + count, 0)).to.equal(scores.length);
        let end = 0;
        for (const [from, to, count] of cells) {
          expect(count).to.be.at.least(smallestCell);
          expect(from).to.be.at.least(end);
          end = to;
          const inside = scores.filter(
            (each) =>
              Math.min(bins - 1, Math.floor(each * bins)) >= from && Math.min(bins - 1, Math.floor(each * bins)) < to,
          );
          expect(inside).to.have.length(count);
        }
        expect(end).to.be.at.most(bins);
      }),
      { seed: 5 },
    );
  });

  it("have bins of five patients on average or more, and at most 64", () => {
    const binsOf = (count: number) => coarsen(drawn(1, count, 0), smallestCell)!.bins;
    expect([5, 9, 10, 19, 20, 319, 320, 5000].map(binsOf)).to.deep.equal([1, 1, 2, 2, 4, 32, 64, mostBins]);
  });

  it("do not depend on the patients' order, nor on where in its bin a score is", () => {
    fc.assert(
      fc.property(manyScores, fc.integer({ min: 0, max: 1000 }), (scores, seed) => {
        const before = coarsen(scores, smallestCell)!;
        const next = seededIntegers("order", seed);
        const moved = scores.map((each) => {
          const bin = Math.min(before.bins - 1, Math.floor(each * before.bins));
          return (bin + next() / 2 ** 33) / before.bins;
        });
        moved.sort(() => (next() > 2 ** 31 ? 1 : -1));
        expect(coarsen(moved, smallestCell)).to.deep.equal(before);
      }),
      { seed: 6 },
    );
  });

  it("give an interval that holds the exact area's whole interval, and a value within what grouping hides", () => {
    fc.assert(
      fc.property(manyScores, manyScores, (positives, negatives) => {
        const exact = areaUnderCurve(predictions(positives, negatives));
        const area = groupedArea(grouped(positives), grouped(negatives));
        expect(area.low).to.be.at.most(exact.low + 1e-9);
        expect(area.high).to.be.at.least(exact.high - 1e-9);
        expect(area.value).to.be.within(area.low, area.high);
      }),
      { seed: 7 },
    );
  });

  it("of single known scores give the exact area and calibration", () => {
    fc.assert(
      fc.property(manyScores, manyScores, (positives, negatives) => {
        const exact = areaUnderCurve(predictions(positives, negatives));
        const area = groupedArea(points(positives), points(negatives));
        for (const field of ["value", "low", "high"] as const) expect(area[field]).to.be.closeTo(exact[field], 1e-9);
        const { ece } = groupedCalibration(points(positives), points(negatives));
        expect(ece).to.be.closeTo(calibration(predictions(positives, negatives)).ece, 1e-9);
      }),
      { seed: 8, numRuns: 50 },
    );
  });

  it("by hand: two cells of five against one: half of the pairs are decided, the others spread evenly", () => {
    const low: ScoreCell = { low: 0, high: 0.5, count: 5 };
    const high: ScoreCell = { low: 0.5, high: 1, count: 5 };
    expect(groupedArea([low, high], [low]).value).to.equal(0.75);
    expect(groupedArea([high], [{ low: 0, high: 1, count: 5 }]).value).to.equal(0.75);
    expect(groupedArea([low, high], [{ low: 0.25, high: 0.75, count: 5 }]).value).to.equal(0.5);
  });

  // The losses that docs/threat-model.md states.
  for (const [hospitals, patients, bound, calibrationBound] of [
    [5, 20, 0.15, 0.1],
    [5, 50, 0.08, 0.06],
    [5, 100, 0.03, 0.03],
  ] as const) {
    it(`lose at most ${bound} of the area with ${hospitals} hospitals of ${patients} patients a class, and ${calibrationBound} of the calibration error`, () => {
      for (let seed = 1; seed <= 20; seed++) {
        const positives = Array.from({ length: hospitals }, (_, h) => drawn(1000 * seed + h, patients, 0.2));
        const negatives = Array.from({ length: hospitals }, (_, h) => drawn(1000 * seed + 500 + h, patients, 0.05));
        const cells = [positives.flatMap(grouped), negatives.flatMap(grouped)] as const;
        const exact = predictions(positives.flat(), negatives.flat());
        const area = groupedArea(...cells).value;
        expect(area).to.be.closeTo(areaUnderCurve(exact).value, bound);
        expect(groupedCalibration(...cells).ece).to.be.closeTo(calibration(exact).ece, calibrationBound);
      }
    });
  }
});
