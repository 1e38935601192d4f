// Attacks on published validation scores by somebody who has patients' CT, their labels and the models of all rounds, so
// that every score is known. Members and others come from one population, and a model scores both alike: that a model
// remembers patients it trained on is not measured here. With what is published, the attack may be no better than counts of
// so many ranges allow; without it, it is at chance; with a score a patient, as in version 1, it names every patient.
import { expect } from "chai";
import { seededIntegers } from "../../../foundation/random.ts";
import type { ScoreCell } from "../../../foundation/statistics/grouped-scores.ts";
import { areaUnderCurve, type Prediction } from "../../../foundation/statistics/scores.ts";
import { canonicalBytes } from "../../../protocol/format/canonical.ts";
import { type Digest, parseAddress, parseRoundId } from "../../../protocol/format/digest.ts";
import { decodeValidationScores, encodeValidationScores } from "../../../protocol/format/validation-scores.ts";

const named = {
  round: parseRoundId(3),
  hospital: parseAddress(`0x${"a1".repeat(20)}`),
  model: `0x${"1d".repeat(32)}` as Digest,
};
const rounds = 20;
const hospitals = 60;
const patients = 40;
const population = hospitals * patients;
/** Of an area of so many positives and as many negatives at chance (Hanley and McNeil 1982). */
const sigma = Math.sqrt(1 / (6 * population));

/** A patient's scores by the models of all rounds. */
interface Patient {
  readonly label: 0 | 1;
  readonly scores: readonly number[];
}
type Published = ReturnType<typeof decodeValidationScores>;

/** @param varying how much of a score differs from one round's model to the next's, 0 to 1 */
function patientsOf(seed: number, varying = 0.15): readonly Patient[] {
  const next = seededIntegers("patients", seed);
  const uniform = () => next() / 2 ** 32;
  return Array.from({ length: patients }, (_, index) => {
    const label = (index % 2) as 0 | 1;
    const at = uniform();
    const score = () => Math.min(0.999, 0.1 + 0.6 * ((1 - varying) * at + varying * uniform()) + 0.2 * label);
    return { label, scores: Array.from({ length: rounds }, score) };
  });
}

const roundOf = (all: readonly Patient[], round: number): Prediction[] =>
  all.map(({ label, scores }, index) => ({ patient: `${index}`, label, score: scores[round]! }));

const histograms = (all: readonly Patient[]): readonly Published[] =>
  Array.from({ length: rounds }, (_, round) =>
    decodeValidationScores(encodeValidationScores({ ...named, predictions: roundOf(all, round) })),
  );

const scoresEach = (all: readonly Patient[]): readonly Published[] =>
  Array.from({ length: rounds }, (_, round) => {
    const listed = roundOf(all, round).map(({ score, label }) => [score, label]);
    return decodeValidationScores(canonicalBytes({ version: 1, kind: "scores", ...named, patients: listed }));
  });

/** Ascending scores by class and round of others from the same population, which the attacker has, too. */
const referenceOf = (varying?: number) =>
  [0, 1].map((label) => {
    const own = Array.from({ length: 20 }, (_, seed) => patientsOf(20_000 + seed, varying))
      .flat()
      .filter((each) => each.label === label);
    return Array.from({ length: rounds }, (_, round) => Float64Array.from(own, ({ scores }) => scores[round]!).sort());
  });
const reference = referenceOf();

const countBelow = (ascending: Float64Array, limit: number) => {
  const above = ascending.findIndex((score) => score >= limit);
  return above < 0 ? ascending.length : above;
};

/** How many times more often this score's range is published than the population makes it expected; as a logarithm. */
function surprise(cells: readonly ScoreCell[], score: number, ascending: Float64Array): number {
  // A score of version 1 is published to 1/4096.
  const ranges = cells.map(({ low, high, count }) =>
    low === high ? { low: low - 2 ** -13, high: high + 2 ** -13, count } : { low, high, count },
  );
  const cell = ranges.find(({ low, high }) => score >= low && score < high);
  const all = cells.reduce((sum, { count }) => sum + count, 0);
  if (!cell) return Math.log(0.5 / (all / ascending.length + 0.5));
  const expected = (all * (countBelow(ascending, cell.high) - countBelow(ascending, cell.low))) / ascending.length;
  return Math.log((cell.count + 0.5) / (expected + 0.5));
}

/** The area of guesses of who is among the patients of a hospital. */
function membershipArea(
  publish: (all: readonly Patient[]) => readonly Published[] | undefined,
  { varying, published: upTo = rounds }: { readonly varying?: number; readonly published?: number } = {},
): number {
  const others = varying === undefined ? reference : referenceOf(varying);
  const guesses: Prediction[] = [];
  for (let seed = 1; seed <= hospitals; seed++) {
    const members = patientsOf(seed, varying);
    const published = publish(members);
    const suspicion = ({ label, scores }: Patient) =>
      scores.slice(0, upTo).reduce((sum, score, round) => {
        const { positives, negatives } = published?.[round] ?? { positives: [], negatives: [] };
        // Without anything published, what is left is whether models score members otherwise.
        if (!published) return sum + score * (label === 1 ? 1 : -1);
        return sum + surprise(label === 1 ? positives : negatives, score, others[label]![round]!);
      }, 0);
    for (const patient of members) guesses.push({ patient: "", label: 1, score: suspicion(patient) });
    for (const patient of patientsOf(10_000 + seed, varying))
      guesses.push({ patient: "", label: 0, score: suspicion(patient) });
  }
  return areaUnderCurve(guesses).value;
}

/** The standard normal distribution function, to 1e-3 (Abramowitz and Stegun 26.2.18). */
function normal(x: number): number {
  return 1 - 0.5 / (1 + 0.196854 * x + 0.115194 * x ** 2 + 0.000344 * x ** 3 + 0.019527 * x ** 4) ** 4;
}

/**
 * The area of the best guess from exact counts of one class in one round: membership moves the logarithm of the likelihood
 * by (cells - 1) / patients, and its variance is as large. Counts of rounds whose scores are independent add up.
 */
function boundOf(published: readonly Published[], independentRounds = 1): number {
  const largest = Math.max(
    ...published.flatMap(({ positives, negatives }) =>
      [positives, negatives].map((cells) => (cells.length - 1) / cells.reduce((sum, { count }) => sum + count, 0)),
    ),
  );
  return normal(Math.sqrt((independentRounds * largest) / 2));
}

describe("an attack on published validation scores, with the CT, the label and all models", function () {
  this.timeout(60_000);

  it("is at chance where nothing is published", () => {
    expect(Math.abs(membershipArea(() => undefined) - 0.5)).to.be.below(3 * sigma);
  });

  it("finds every patient if a score each is published, as in version 1", () => {
    expect(membershipArea(scoresEach)).to.be.above(0.99);
  });

  it("is hardly better with twenty rounds than counts of one allow, where models of all rounds score a patient alike", () => {
    const bound = boundOf(Array.from({ length: hospitals }, (_, seed) => histograms(patientsOf(seed + 1))).flat());
    expect(bound).to.be.below(0.6);
    expect(membershipArea(histograms)).to.be.below(bound + 3 * sigma);
  });

  it("adds up over rounds whose models score a patient differently, so that few published rounds say less", () => {
    const all = Array.from({ length: hospitals }, (_, seed) => histograms(patientsOf(seed + 1, 1))).flat();
    const areaOf = (published: number) => membershipArea(histograms, { varying: 1, published });
    const [twenty, four, single] = [areaOf(20), areaOf(4), areaOf(1)];
    expect(twenty).to.be.within(0.7, boundOf(all, 20) + 3 * sigma);
    expect(four).to.be.within(0.6, 0.67);
    expect(single).to.be.below(boundOf(all) + 3 * sigma);
  });

  it("guesses the diagnosis of a validation patient hardly better than the public model does alone", () => {
    const guesses = { alone: [] as Prediction[], withCounts: [] as Prediction[] };
    for (let seed = 1; seed <= hospitals; seed++) {
      const members = patientsOf(seed);
      const published = histograms(members);
      for (const { label, scores } of members) {
        const alone = scores.reduce((sum, score) => sum + score, 0) / rounds;
        guesses.alone.push({ patient: "", label, score: alone });
        const evidence = scores.reduce((sum, score, round) => {
          const { positives, negatives } = published[round]!;
          const [other, own] = [negatives, positives].map((cells, at) =>
            surprise(cells, score, reference[at]![round]!),
          );
          return sum + own! - other!;
        }, 0);
        guesses.withCounts.push({ patient: "", label, score: alone + evidence / (10 * rounds) });
      }
    }
    const [alone, withCounts] = [guesses.alone, guesses.withCounts].map((each) => areaUnderCurve(each).value);
    expect(withCounts! - alone!).to.be.below(3 * Math.SQRT2 * sigma);
  });
});
