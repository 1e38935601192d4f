import { expect } from "chai";
import { decodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { aggregateBuckets } from "../../../protocol/strategy/aggregate-buckets.ts";
import type { WeightedSum } from "../../../protocol/strategy/aggregate-sum.ts";
import { strategyNames } from "../../../protocol/strategy/registry.ts";
import { memorySink, memorySource } from "../../../protocol/update/byte-source.ts";
import { codeOf } from "../update/one-update.ts";
import { modelOf, planOf } from "./small-federation.ts";

// Steps of 1/8 and 1/32.
const base = modelOf({ a: [1, 2, 3], b: [4, 5] }, [-3, -5]);
/** Of three hospitals with weights of 4 in all, at unit weight 2: means of half a sum. */
const sumOf = (integers: readonly number[], changes: Partial<WeightedSum> = {}): WeightedSum => ({
  ...{ unitWeight: 2, totalWeight: 4, updates: 3, largest: 2047, noiseStdDev: 0 },
  integers: Int32Array.from(integers),
  ...changes,
});

async function modelFrom(sums: readonly WeightedSum[], buckets: number, plan = planOf("median")) {
  const sink = memorySink();
  const faults = await aggregateBuckets({ plan, base: memorySource(base), sums, buckets }, sink);
  const { tensors, metadata } = decodeSafetensors(sink.bytes());
  const values = tensors.flatMap(({ data }) => Array.from(data as Float32Array));
  return { values, faults: faults.map((fault) => fault?.code), exponents: JSON.parse(metadata["exponents"]!) };
}

describe("the next model of buckets' sums", () => {
  const three = [sumOf([16, -8, 0, 64, 1]), sumOf([-40, -8, 2, 0, 5]), sumOf([8, 8, -6, 32, 3])];

  it("moves by the median of the means: a worked example", async () => {
    // Means in steps: [8, -4, 0, 32, 0.5], [-20, -4, 1, 0, 2.5], [4, 4, -3, 16, 1.5]
    const { values, faults } = await modelFrom(three, 3);
    expect(values).to.deep.equal([1 + 4 / 8, 2 - 4 / 8, 3, 4 + 16 / 32, 5 + 1.5 / 32]);
    expect(faults).to.deep.equal([undefined, undefined, undefined]);
  });

  it("takes the mean of the two middle ones of an even number", async () => {
    const { values } = await modelFrom(three.slice(0, 2), 3);
    expect(values).to.deep.equal([1 - 6 / 8, 2 - 4 / 8, 3 + 0.5 / 8, 4 + 16 / 32, 5 + 1.5 / 32]);
  });

  it("leaves the ends out of a trimmed mean, and fewer of them where buckets are missing", async () => {
    const plan = planOf("trimmed-mean", { strategy: { ...planOf("trimmed-mean").strategy, byzantine: 1 } as never });
    const sums = [10, -300, 20, 60, 500].map((value) => sumOf([2 * value, 0, 0, 0, 0]));
    expect((await modelFrom(sums, 5, plan)).values[0]).to.equal(1 + 30 / 8);
    expect((await modelFrom(sums.slice(0, 3), 5, plan)).values[0]).to.equal(1 + 10 / 8);
    const two = { ...plan, strategy: { ...plan.strategy, byzantine: 2 } as typeof plan.strategy };
    expect((await modelFrom(sums.slice(1, 5), 5, two)).values[0], "of -300, 20, 60, 500").to.equal(1 + 40 / 8);
  });

  it("counts every bucket the same, whatever its hospitals weigh", async () => {
    const heavy = three.map((sum, place) =>
      place === 1 ? { ...sum, integers: sum.integers.map((value) => 8 * value), totalWeight: 32 } : sum,
    );
    expect((await modelFrom(heavy, 3)).values).to.deep.equal((await modelFrom(three, 3)).values);
  });

  it("holds means in 256ths of a step, towards zero, and saturates where no float would", async () => {
    const thirds = [1, -1, 1].map((value) => sumOf([value, value, 0, 0, 0], { unitWeight: 1, totalWeight: 3 }));
    expect((await modelFrom(thirds, 3)).values.slice(0, 2)).to.deep.equal([1, 2].map((x) => x + 85 / 256 / 8));
    const plan = planOf("median", { update: { clipNorm: 1e9 } });
    const huge = [1, 1, 1].map(() => sumOf([2 ** 23, 0, 0, 0, 0], { unitWeight: 2 ** 20, totalWeight: 1 }));
    expect((await modelFrom(huge, 3, plan)).values[0]).to.equal(Math.fround(1 + (2 ** 31 - 1) / 256 / 8));
  });

  it("stays between those of the other buckets, and their steps with it, whatever one bucket sums", async () => {
    const plan = planOf("median", { update: { clipNorm: 1e6 } });
    const honest = [three[0]!, three[2]!];
    for (const value of [2 ** 15, -(2 ** 15), 0]) {
      const hostile = sumOf([value, -value, value, -value, value]);
      const { values, exponents } = await modelFrom([...honest, hostile], 3, plan);
      const alone = await Promise.all(honest.map((sum) => modelFrom([sum, sum, sum], 3, plan)));
      for (const [place, found] of values.entries()) {
        const bounds = alone.map((each) => each.values[place]!);
        expect(found).to.be.within(Math.min(...bounds), Math.max(...bounds));
      }
      for (const [segment, exponent] of exponents.entries()) {
        const bounds = alone.map((each) => each.exponents[segment]!);
        expect(exponent).to.be.within(Math.min(...bounds), Math.max(...bounds));
      }
    }
  });

  it("leaves out a sum that is longer than honest updates, and is spoilt where half of the buckets or more are missing", async () => {
    const plan = planOf("median", { update: { clipNorm: 8 } });
    // 3 * 8 = 24 = 192 steps of 1/8
    const long = sumOf([193, 0, 0, 0, 0]);
    const { faults, values } = await modelFrom([three[0]!, long, three[2]!], 3, plan);
    expect(faults).to.deep.equal([undefined, "ROUND_SPOILT", undefined]);
    expect(values).to.deep.equal((await modelFrom([three[0]!, three[2]!], 3, plan)).values);
    expect(await codeOf(() => modelFrom([three[0]!, long, long], 3, plan))).to.equal("ROUND_SPOILT");
    expect(await codeOf(() => modelFrom([three[0]!], 3, plan))).to.equal("ROUND_SPOILT");
    expect(await codeOf(() => modelFrom(three.slice(0, 2), 4, plan))).to.equal("ROUND_SPOILT");
  });

  it("is refused for rules that are no robust ones, for sparse updates and for sums of another model", async () => {
    for (const name of strategyNames.filter((each) => each !== "median" && each !== "trimmed-mean")) {
      expect(await codeOf(() => modelFrom(three, 3, planOf(name))), name).to.equal("STRATEGY_NEEDS_UPDATES");
    }
    const sparse = planOf("median", { update: { topFraction: 0.5 } });
    expect(await codeOf(() => modelFrom(three, 3, sparse))).to.equal("STRATEGY_NEEDS_UPDATES");
    const short = { ...three[0]!, integers: new Int32Array(4) };
    expect(await codeOf(() => modelFrom([short, ...three], 3))).to.equal("SUM_OVERFLOW");
  });
});
