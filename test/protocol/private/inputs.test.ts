// What a hospital puts into a private sum: its contribution, a histogram, noise.
import { expect } from "chai";
import fc from "fast-check";
import { parseRoundId } from "../../../protocol/format/digest.ts";
import { deltaFigures, makeContribution } from "../../../protocol/private/contribution.ts";
import { addNoise } from "../../../protocol/private/noise.ts";
import { coordinatesOf, histogramOf, layOutInput, partsOf } from "../../../protocol/private/sum-layout.ts";
import { secretOf } from "../../fakes/party-ports.ts";
import { modelOf, planOf } from "../strategy/small-federation.ts";
import { codeOf, noise } from "../update/one-update.ts";
import { context } from "./private-round.ts";

const base = modelOf({ a: new Array(400).fill(0), b: new Array(100).fill(1) }, [-10, -12]);
const moved = (scale: number) => {
  const change = noise(1, 500, scale);
  return modelOf({ a: change.slice(0, 400), b: change.slice(400).map((value) => 1 + value) });
};
const contribute = (change: Partial<Parameters<typeof makeContribution>[0]> = {}) =>
  makeContribution({
    base,
    local: moved(0.05),
    plan: planOf("fedavg", { update: { clipNorm: 8 } }),
    sampleCount: 64,
    unitWeight: 64,
    largest: 3276,
    secret: secretOf("contribution"),
    context,
    ...change,
  });

describe("contributions to private sums", () => {
  it("are the delta in steps, to within one, weighted before they are rounded", () => {
    const change = noise(1, 500, 0.05);
    for (const [sampleCount, weight] of [
      [64, 1],
      [1000, 1],
      [16, 0.25],
      [1, 1 / 64],
    ] as const) {
      const { integers } = contribute({ sampleCount });
      for (const [index, value] of change.entries()) {
        const steps =
          Math.fround(index < 400 ? value : Math.fround(1 + value) - 1) * weight * 2 ** (index < 400 ? 10 : 12);
        expect(Math.abs(integers[index]! - steps)).to.be.below(1.001);
      }
    }
  });

  it("saturate at the bound, and are within the clip norm", () => {
    const saturated = contribute({ largest: 20 }).integers;
    expect(Math.max(...saturated.map(Math.abs))).to.equal(20);
    const plan = planOf("fedavg", { update: { clipNorm: 0.25 } });
    const { integers, clipped, norm } = contribute({ plan });
    let squares = 0;
    for (const [index, integer] of integers.entries()) squares += (integer * 2 ** (index < 400 ? -10 : -12)) ** 2;
    expect(clipped).to.equal(true);
    expect(norm).to.be.above(0.25);
    expect(Math.sqrt(squares)).to.be.within(0.2, 0.25);
  });

  it("have figures that a hospital can know before it masks, to the bit", async () => {
    for (const clipNorm of [0.25, 8]) {
      const plan = planOf("fedavg", { update: { clipNorm } });
      const { norm, clipped } = contribute({ plan });
      expect(deltaFigures({ base, local: moved(0.05), plan })).to.deep.equal({ norm, clipped });
    }
    const broken = modelOf({ a: new Array(400).fill(Number.NaN), b: new Array(100).fill(1) });
    const figures = async () => deltaFigures({ base, local: broken, plan: planOf("fedavg") });
    expect(await codeOf(figures)).to.equal("UPDATE_NOT_FINITE");
  });

  it("are the same for the same secret, and rounded by other coins under another one", () => {
    expect(contribute().integers).to.deep.equal(contribute().integers);
    const other = contribute({ secret: secretOf("other") }).integers;
    expect(other).to.not.deep.equal(contribute().integers);
    const later = contribute({ context: { ...context, round: parseRoundId(9) } }).integers;
    expect(later).to.not.deep.equal(contribute().integers);
  });
});

describe("layout of an input", () => {
  const layout = { parameters: 5, bins: 4, canaries: 3 };
  const integers = Int16Array.of(1, -2, 3, -4, 5);

  it("keeps its parts apart, and takes them from the sum again", () => {
    const histogram = histogramOf(
      [
        { score: 0, label: 0 },
        { score: 0.2499, label: 0 },
        { score: 0.25, label: 1 },
        { score: 1, label: 1 },
      ],
      4,
    );
    const input = layOutInput(layout, { integers, histogram }, 5);
    expect(input).to.have.length(coordinatesOf(layout));
    expect([...input]).to.deep.equal([1, -2, 3, -4, 5, 2, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0]);
    const parts = partsOf(input, layout);
    expect([...parts.integers]).to.deep.equal([...integers]);
    expect(parts.histogram).to.deep.equal(histogram);
    expect([...parts.canaries]).to.deep.equal([0, 0, 0]);
  });

  it("counts every score once, in bins of equal width", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (scores) => {
        const { negatives, positives } = histogramOf(
          scores.map((score) => ({ score, label: 1 })),
          64,
        );
        expect(positives.reduce((a, b) => a + b, 0)).to.equal(scores.length);
        expect(negatives.some((count) => count > 0)).to.equal(false);
      }),
      { seed: 18, numRuns: 50 },
    );
  });

  it("refuses what is beyond the bound, and parts of other lengths", async () => {
    const histogram = histogramOf([], 4);
    const many = { negatives: Int32Array.of(6, 0, 0, 0), positives: histogram.positives };
    const attempts = [
      () => layOutInput(layout, { integers, histogram }, 4),
      () => layOutInput(layout, { integers, histogram: many }, 5),
      () => layOutInput(layout, { integers: integers.subarray(1), histogram }, 5),
      () => layOutInput(layout, { integers, histogram: undefined }, 5),
      () => layOutInput(layout, { integers, histogram: histogramOf([], 8) }, 5),
    ];
    for (const attempt of attempts) expect(await codeOf(async () => attempt())).to.equal("INPUT_OUT_OF_RANGE");
    const plain = layOutInput({ parameters: 5, bins: 0, canaries: 0 }, { integers, histogram: undefined }, 5);
    expect([...plain]).to.deep.equal([...integers]);
  });
});

describe("noise in an input", () => {
  const variance = { numerator: 400n, denominator: 1n };
  const noisy = (secret: string) => {
    const input = new Int32Array(4096);
    addNoise(input, { variance, secret: secretOf(secret), context });
    return input;
  };

  it("is in every coordinate, canaries too, of the variance that the plan says", () => {
    const squares = noisy("a").reduce((sum, value) => sum + value * value, 0) / 4096;
    expect(squares).to.be.within(350, 450);
    const canaries = noisy("a").subarray(-1024);
    expect(canaries.filter((value) => value === 0).length, "a build without noise has 1,024").to.be.below(60);
  });

  it("is the same for the same secret alone, so that a killed hospital draws no second one", () => {
    expect(noisy("a")).to.deep.equal(noisy("a"));
    expect(noisy("a")).to.not.deep.equal(noisy("b"));
  });
});
