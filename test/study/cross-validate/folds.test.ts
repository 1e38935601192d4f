import { expect } from "chai";
import { isFedError } from "../../../foundation/errors.ts";
import { dealFolds } from "../../../study/cross-validate/folds.ts";

const patients = Array.from({ length: 53 }, (_, index) => ({
  patient: `p${index}`,
  label: (index % 4 === 0 ? 0 : 1) as 0 | 1,
}));
const deal = (seed = 7) => dealFolds(patients, { folds: 5, seed });
const of = (parts: ReadonlyMap<string, string>, wanted: string) =>
  [...parts].filter(([, split]) => split === wanted).map(([patient]) => patient);

describe("the folds of a cross-validation", () => {
  it("hold every patient out exactly once, and give it one part in each fold", () => {
    const heldOut = deal().flatMap((parts) => of(parts, "test"));
    expect(heldOut.sort()).to.deep.equal(patients.map(({ patient }) => patient).sort());
    for (const parts of deal()) expect([...parts.keys()].sort()).to.deep.equal(heldOut);
  });

  it("hold out each class evenly, so that no fold has one patient more of both", () => {
    const labels = new Map(patients.map(({ patient, label }) => [patient, label]));
    const negatives = deal().map((parts) => of(parts, "test").filter((patient) => labels.get(patient) === 0).length);
    const positives = deal().map((parts) => of(parts, "test").filter((patient) => labels.get(patient) === 1).length);
    expect(negatives.toSorted()).to.deep.equal([2, 3, 3, 3, 3]);
    expect(positives.toSorted()).to.deep.equal([7, 8, 8, 8, 8]);
    expect(Math.max(...deal().map((parts) => of(parts, "test").length))).to.equal(11);
  });

  it("choose by patients of both classes who are not held out", () => {
    const labels = new Map(patients.map(({ patient, label }) => [patient, label]));
    for (const parts of deal()) {
      const choosing = of(parts, "validation").map((patient) => labels.get(patient));
      expect(choosing.filter((label) => label === 0)).to.have.length(2);
      expect(choosing.filter((label) => label === 1)).to.have.length(5);
    }
  });

  it("depend on the seed and the patients, not on their order", () => {
    const reversed = dealFolds(patients.toReversed(), { folds: 5, seed: 7 });
    const sorted = (parts: ReadonlyMap<string, string>) => [...parts].sort();
    expect(reversed.map(sorted)).to.deep.equal(deal().map(sorted));
    expect(deal(8).map(sorted)).not.to.deep.equal(deal().map(sorted));
  });

  it("are refused where a class has fewer than two patients a fold, which leave no interval", () => {
    const few = patients.filter(({ label }, index) => label === 1 || index < 33);
    expect(few.filter(({ label }) => label === 0)).to.have.length(9);
    expect(dealFolds(few, { folds: 4, seed: 7 })).to.have.length(4);
    expect(() => dealFolds(few, { folds: 5, seed: 7 }))
      .to.throw()
      .that.satisfies((error: unknown) => isFedError(error, "FOLDS_TOO_MANY"));
  });
});
