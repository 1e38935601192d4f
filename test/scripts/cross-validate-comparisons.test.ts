import { expect } from "chai";
import type { Prediction } from "../../foundation/statistics/scores.ts";
import { comparisonLine, comparisons, conclusion, controlLine } from "../../scripts/cross-validate/comparisons.ts";
import type { CrossRow } from "../../study/cross-validate/run.ts";

/** A row whose scores know the label and are wrong for every `wrongEvery`th patient. */
function row(name: string, wrongEvery: number, patients = 400): CrossRow {
  const fold = (at: number) =>
    Array.from({ length: patients }, (_, index): Prediction => {
      const label = (index % 2) as 0 | 1;
      const score = (index % wrongEvery === 0 ? 1 - label : label) + index / 1e6;
      return { patient: `${at}-${index}`, label, score };
    });
  return { name, title: name, heldOut: [fold(0), fold(1)] } as Partial<CrossRow> as CrossRow;
}

describe("the comparisons of a cross-validation", () => {
  const rows = [row("cnn", 5), row("compact", 11), row("federated", 11), row("alone-1", 5), row("alone-2", 11)];

  it("hold the federation against pooling, each hospital alone and the plain methods", () => {
    const found = comparisons(rows).map(({ row, against, verdict }) => `${row}, ${against}: ${verdict}`);
    expect(found).to.deep.equal([
      "federated, compact: not worse by the margin",
      "federated, alone-1: above",
      "federated, alone-2: not worse by the margin",
      "compact, cnn: above",
      "federated, cnn: above",
    ]);
  });

  it("hold the larger network against the smaller one and the plain methods", () => {
    const found = comparisons([row("cnn", 5), row("compact", 11), row("standard", 7)]);
    expect(found.map(({ row, against, verdict }) => `${row}, ${against}: ${verdict}`)).to.deep.equal([
      "compact, cnn: above",
      "standard, cnn: above",
      "standard, compact: below",
    ]);
  });

  it("decide nothing where the interval holds both zero and a loss beyond the margin", () => {
    const few = [row("compact", 7, 30), row("federated", 8, 30)];
    const [found] = comparisons(few);
    expect(found?.verdict).to.equal("undecided");
    expect(comparisonLine(found!)).to.include("does not exclude a loss of 0.02");
  });

  it("call the control of shuffled labels at chance by the spread of its folds", () => {
    const control = (...foldAucs: number[]) => [{ ...row("shuffled", 5), foldAucs }];
    expect(controlLine(control(0.72, 0.65, 0.49, 0.53, 0.39))).to.match(/0\.556 \[0\.39–0\.72\].*: at chance\./);
    expect(controlLine(control(0.62, 0.65, 0.63))).to.include("not at chance");
    expect(controlLine(control(0.38, 0.35, 0.37))).to.include("not at chance");
    expect(controlLine(rows)).to.equal(undefined);
  });

  it("are summed up in a sentence that says what it does not mean", () => {
    expect(conclusion(rows, 800)).to.match(
      /loses less than 0\.02.* above 1 of 2 hospitals alone.*800 patients.*nothing of/,
    );
    expect(conclusion(rows.slice(0, 2), 800)).to.equal(undefined);
  });
});
