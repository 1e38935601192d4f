import { expect } from "chai";
import { seededIntegers } from "../../../foundation/random.ts";
import type { Prediction } from "../../../foundation/statistics/scores.ts";
import { canonicalBytes } from "../../../protocol/format/canonical.ts";
import { type Digest, parseAddress, parseRoundId } from "../../../protocol/format/digest.ts";
import { decodeValidationScores, encodeValidationScores } from "../../../protocol/format/validation-scores.ts";

const named = {
  round: parseRoundId(3),
  hospital: parseAddress(`0x${"a1".repeat(20)}`),
  model: `0x${"1d".repeat(32)}` as Digest,
};
const encode = (predictions: readonly Prediction[]) => encodeValidationScores({ ...named, predictions });
const jsonOf = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));

/** Patients whose scores differ, and change little from round to round. */
function hospitalOf(seed: number, patients: number, rounds: number): Prediction[][] {
  const next = seededIntegers("patients", seed);
  const uniform = () => next() / 2 ** 32;
  const own = Array.from({ length: patients }, (_, index) => ({ label: (index % 2) as 0 | 1, at: uniform() }));
  return Array.from({ length: rounds }, () =>
    own.map(({ label, at }, index) => ({
      patient: `${seed}-${index}`,
      label,
      score: Math.min(0.999, 0.1 + 0.5 * at + 0.2 * label + 0.1 * uniform()),
    })),
  );
}

describe("published validation scores", () => {
  it("are the same for the same patients in any order, and hold no score", () => {
    const [predictions] = hospitalOf(1, 40, 1);
    const bytes = encode(predictions!);
    expect(encode([...predictions!].reverse())).to.deep.equal(bytes);
    const text = new TextDecoder().decode(bytes);
    for (const { score, patient } of predictions!) {
      expect(text).not.to.include(String(score).slice(0, 6));
      expect(text).not.to.include(patient);
    }
    const { positives, negatives } = jsonOf(bytes);
    for (const { cells } of [positives, negatives]) for (const [, , count] of cells) expect(count).to.be.at.least(5);
  });

  it("say nothing of a class with fewer patients than a cell", () => {
    const four = hospitalOf(2, 8, 1)[0]!;
    expect(jsonOf(encode(four))).to.include({ positives: "too few", negatives: "too few" });
    const none = jsonOf(encode([]));
    expect(none).to.deep.equal(jsonOf(encode(four)));
    expect(decodeValidationScores(encode(four))).to.deep.include({ positives: [], negatives: [] });
  });

  it("refuses cells that overlap, that are too small, or that lie outside", () => {
    const [predictions] = hospitalOf(3, 40, 1);
    const good = jsonOf(encode(predictions!));
    for (const cells of [
      [[0, 4, 3]],
      [
        [0, 4, 9],
        [3, 6, 9],
      ],
      [[4, 4, 9]],
      [[0, 65, 9]],
      [[-1, 4, 9]],
      [[0, 4, Number.POSITIVE_INFINITY]],
    ]) {
      const bytes = () => canonicalBytes({ ...good, positives: { bins: 16, cells } });
      expect(() => decodeValidationScores(bytes()))
        .to.throw()
        .with.property("code")
        .that.match(/SCORES|JSON/);
    }
  });

  it("are read as they were before version 2", () => {
    const patients = [
      [0.25, 0],
      [0.5, 1],
      [0.75, 1],
    ];
    const bytes = canonicalBytes({ version: 1, kind: "scores", ...named, patients });
    const { positives, negatives, ...rest } = decodeValidationScores(bytes);
    expect(rest).to.deep.equal(named);
    expect(negatives).to.deep.equal([{ low: 0.25, high: 0.25, count: 1 }]);
    expect(positives.map(({ low, count }) => [low, count])).to.deep.equal([
      [0.5, 1],
      [0.75, 1],
    ]);
  });
});
