import { expect } from "chai";
import { parseRoundId } from "../../../protocol/format/digest.ts";
import { addNoise } from "../../../protocol/private/noise.ts";
import { canaryCoordinates, checkCanaries, fewestHonest, noiseOf } from "../../../protocol/private/patient-noise.ts";
import { PatientSum, sampledPatients } from "../../../protocol/private/patient-sum.ts";
import { layOutInput, partsOf } from "../../../protocol/private/sum-layout.ts";
import { sumPlanOf } from "../../../protocol/private/sum-plan.ts";
import { secretOf } from "../../fakes/party-ports.ts";
import { context, inputOf } from "./private-round.ts";

const patient = { samplingRate: 0.25, clipNorm: 0.5, integerNorm: 64, noiseMultiplier: 2, delta: 1e-5 };
const privacy = { mode: "sum", unitWeight: 1, largest: 500, maxSeals: 9, patient } as const;
const coins = { secret: secretOf("coins"), context };
const normOf = (integers: Int32Array) => Math.sqrt(integers.reduce((sum, value) => sum + value * value, 0));
/** A step of 2^-7 for each of so many coordinates: a part at the clip norm is 64 long. */
const sumOf = (coordinates: number, secret = "coins") =>
  new PatientSum(
    new Int8Array(coordinates).fill(-7),
    { ...patient, largest: 500 },
    { ...coins, secret: secretOf(secret) },
  );
const gradient = (name: string, length: number, scale: number) =>
  Float64Array.from(inputOf(name, length, 1000), (value) => (scale * value) / 1000);

describe("the sample of patients of a step", () => {
  const patients = [...new Array(20_000).keys()];

  it("takes each patient by a coin of the hospital's secret, another one each round", () => {
    const sample = sampledPatients(patients, patient, coins);
    // 20,000 coins of 0.25: a standard deviation of 61.
    expect(sample.length).to.be.within(5000 - 5 * 61, 5000 + 5 * 61);
    expect(sampledPatients(patients, patient, coins)).to.deep.equal(sample);
    const next = { ...coins, context: { ...context, round: parseRoundId(4) } };
    const both = new Set(sample);
    const again = sampledPatients(patients, patient, next).filter((each) => both.has(each)).length;
    expect(again).to.be.within(1250 - 5 * 34, 1250 + 5 * 34);
    expect(sampledPatients(patients, patient, { ...coins, secret: secretOf("other") })).not.to.deep.equal(sample);
  });

  it("is everyone at a rate of 1", () => {
    expect(sampledPatients(patients, { samplingRate: 1 }, coins)).to.deep.equal(patients);
  });
});

describe("the sum of patients' parts", () => {
  it("has no part longer than the integer norm, clipped or not, whatever rounding does", () => {
    for (const [name, scale] of [
      ["long", 100],
      ["near", 0.0125],
      ["short", 0.001],
      ["at the edge", 0.5],
    ] as const) {
      for (const coordinates of [1, 3, 4000]) {
        const sum = sumOf(coordinates, name);
        const values = gradient(name, coordinates, scale);
        const { norm, clipped } = sum.add(values);
        expect(clipped).to.equal(norm > 0.5);
        expect(normOf(sum.integers()), `${name} ${coordinates}`).to.be.at.most(64);
      }
    }
  });

  it("keeps a part's direction, and rounds without bias", () => {
    const sum = sumOf(1);
    for (let time = 0; time < 400; time++) sum.add(Float64Array.of(0.3 / 128));
    // 400 coins of 0.3: a standard deviation of 9.2.
    expect(sum.integers()[0]).to.be.within(120 - 46, 120 + 46);
    const long = sumOf(2);
    long.add(Float64Array.of(30, -40));
    const [x, y] = long.integers() as unknown as [number, number];
    expect(x / -y).to.be.closeTo(0.75, 0.05);
  });

  it("moves by at most the integer norm when a patient comes, also where it saturates", () => {
    const parts = ["a", "b", "c"].map((name) => gradient(name, 50, 1));
    const [without, with_] = [sumOf(50), sumOf(50)];
    for (const part of parts) for (const sum of [without, with_]) for (let i = 0; i < 40; i++) sum.add(part);
    with_.add(gradient("new", 50, 9));
    const difference = with_.integers().map((value, index) => value - without.integers()[index]!);
    expect(normOf(difference)).to.be.within(1, 64);
    expect(Math.max(...without.integers())).to.be.at.most(500);
  });

  it("refuses a part that is not finite, and adds nothing of it", () => {
    const sum = sumOf(2);
    expect(() => sum.add(Float64Array.of(1, Number.NaN)))
      .to.throw()
      .with.property("code", "UPDATE_NOT_FINITE");
    expect([...sum.integers()]).to.deep.equal([0, 0]);
  });
});

describe("the noise of patients' privacy", () => {
  it("is enough with the fewest hospitals in the sum, and as many dishonest ones as may be", () => {
    expect([4, 5, 6, 7, 10, 50, 100].map(fewestHonest)).to.deep.equal([2, 3, 4, 3, 4, 18, 34]);
    for (const hospitals of [4, 7, 10]) {
      const { variance, stdDev } = noiseOf(patient, hospitals);
      expect(stdDev ** 2 * fewestHonest(hospitals)).to.be.closeTo((2 * 64) ** 2, 1e-9);
      expect(Number(variance.numerator) / Number(variance.denominator)).to.be.closeTo(stdDev ** 2, 1e-9);
    }
  });

  it("is found missing by the coordinates that are always zero: in all hospitals, or in one of four", () => {
    const plan = sumPlanOf({ privacy }, { hospitals: 4, parameters: 10 });
    const { layout, noise, largest } = plan;
    expect(layout).to.deep.equal({ parameters: 10, bins: 0, canaries: canaryCoordinates });
    const total = (noisy: readonly boolean[]) => {
      const sum = new Int32Array(plan.coordinates);
      for (const [index, isNoisy] of noisy.entries()) {
        const input = layOutInput(layout, { integers: inputOf(`${index}`, 10, 20), histogram: undefined }, largest);
        if (isNoisy) addNoise(input, { variance: noise!.variance, secret: secretOf(`noise ${index}`), context });
        for (const [at, value] of input.entries()) sum[at] = sum[at]! + value;
      }
      return () => checkCanaries(partsOf(sum, layout).canaries, noise!, noisy.length);
    };
    expect(total([true, true, true, true])).not.to.throw();
    expect(total([true, true, true])).not.to.throw();
    expect(total([true, true, true, false]))
      .to.throw()
      .with.property("code", "ROUND_SPOILT");
    expect(total([false, false, false, false]))
      .to.throw()
      .with.property("code", "ROUND_SPOILT");
  });

  it("leaves sums without it as they were, and takes room in the ring", () => {
    const { patient: _, ...exact } = privacy;
    expect(sumPlanOf({ privacy: exact }, { hospitals: 4, parameters: 10 }).noise).to.equal(undefined);
    const loud = { ...privacy, largest: 2047, patient: { ...patient, integerNorm: 16384 } };
    expect(sumPlanOf({ privacy: loud }, { hospitals: 4, parameters: 10 }).ring.name).to.equal("L24");
  });
});
