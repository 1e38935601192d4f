import { expect } from "chai";
import { decodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { aggregateToBytes } from "../../../protocol/strategy/aggregate.ts";
import { aggregateSum, needsOnlySum, type WeightedSum } from "../../../protocol/strategy/aggregate-sum.ts";
import { strategyNames } from "../../../protocol/strategy/registry.ts";
import { memorySink, memorySource } from "../../../protocol/update/byte-source.ts";
import { codeOf } from "../update/one-update.ts";
import { included, modelOf, planOf, updateOf } from "./small-federation.ts";

const base = modelOf({ a: [1, 2, 3], b: [4, 5] }, [-3, -5]);
const vectors = [
  [4, -8, 100, 3, 7],
  [-5, 9, 33, -2, 1],
  [6, 6, -6, 6, -30_000],
];
const sumOfVectors = Int32Array.from(vectors[0]!, (_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0));
const plain = { unitWeight: 1, totalWeight: 3, updates: 3, largest: 32767, noiseStdDev: 0 };

async function modelFrom(
  plan: ReturnType<typeof planOf>,
  sum: Partial<WeightedSum> = {},
  from = base,
): Promise<Uint8Array> {
  const sink = memorySink();
  const whole = { integers: sumOfVectors, ...plain, ...sum };
  await aggregateSum({ plan, base: memorySource(from), sum: whole, memberCount: 4 }, sink);
  return sink.bytes();
}
const metadataOf = (model: Uint8Array) => JSON.parse(decodeSafetensors(model).metadata["exponents"]!) as number[];

describe("the next model of a private sum", () => {
  const allowed = strategyNames.filter((name) => needsOnlySum(planOf(name).strategy));

  it("is allowed for weighted means and server optimisers", () => {
    expect(allowed).to.deep.equal(["fedavg", "fedavgm", "fedadam", "fedyogi", "fedadagrad"]);
  });

  for (const name of allowed) {
    it(`has the tensors and the state, to the bit, that ${name} makes of the single updates; twice in a row`, async () => {
      const plan = planOf(name);
      let [hidden, open] = [base, base];
      for (let round = 0; round < 2; round++) {
        const updates = vectors.map((integers, index) => included(updateOf(open, plan, integers), index));
        open = (await aggregateToBytes({ plan, base: memorySource(open), updates, memberCount: 4 })).model;
        hidden = await modelFrom(plan, {}, hidden);
        expect(decodeSafetensors(hidden).tensors).to.deep.equal(decodeSafetensors(open).tensors);
        // The next round's steps are made in another way: go on from the same ones.
        hidden = open;
      }
    });
  }

  it("weighs by unit weight and total", async () => {
    // 4 + -5 + 6 = 5 steps of 1/8 at weight 64, over weights of 100: 1 + 5 * 64 / 100 / 8
    const model = await modelFrom(planOf("fedavg"), { unitWeight: 64, totalWeight: 100 });
    expect(decodeSafetensors(model).tensors[0]!.data[0]).to.equal(Math.fround(1.4));
  });

  it("has steps by the sum: 16 root mean squares of a hospital fill the range", async () => {
    const integers = Int32Array.of(300, -300, 300, 0, 0);
    // 16 * 300 / √3 = 2771.3
    const exponents = async (largest: number) => metadataOf(await modelFrom(planOf("fedavg"), { integers, largest }));
    expect(await exponents(2772)).to.deep.equal([-3, -5]);
    expect(await exponents(2771)).to.deep.equal([-2, -5]);
    expect(await exponents(1385)).to.deep.equal([-1, -5]);
    expect(await exponents(32767)).to.deep.equal([-6, -5]);
    const noisy = await modelFrom(planOf("fedavg"), { integers, largest: 127, noiseStdDev: 10 });
    expect(metadataOf(noisy), "noise is in steps, so they stay").to.deep.equal([-3, -5]);
  });

  it("is refused, as spoilt, where the sum is longer than honest updates and noise", async () => {
    const plan = planOf("fedavg", { update: { clipNorm: 8 } });
    const code = (integers: Int32Array, noiseStdDev = 0) => codeOf(() => modelFrom(plan, { integers, noiseStdDev }));
    // 3 * 8 = 24 = 192 steps of 1/8
    expect(await code(Int32Array.of(192, 0, 0, 0, 0))).to.equal(undefined);
    expect(await code(Int32Array.of(193, 0, 0, 0, 0))).to.equal("ROUND_SPOILT");
    expect(await code(Int32Array.of(193, 0, 0, 0, 0), 1)).to.equal(undefined);
    expect(await code(Int32Array.of(220, 0, 0, 0, 0), 1)).to.equal("ROUND_SPOILT");
  });

  it("is refused for rules that look at single updates, for sparse updates, and for sums of another model", async () => {
    for (const name of strategyNames.filter((each) => !allowed.includes(each))) {
      expect(await codeOf(() => modelFrom(planOf(name))), name).to.equal("STRATEGY_NEEDS_UPDATES");
    }
    const sparse = planOf("fedavg", { update: { topFraction: 0.5 } });
    expect(await codeOf(() => modelFrom(sparse))).to.equal("STRATEGY_NEEDS_UPDATES");
    const wrong: Partial<WeightedSum>[] = [
      { integers: new Int32Array(4) },
      { unitWeight: 2 ** 21 },
      { totalWeight: 0 },
    ];
    for (const sum of wrong) expect(await codeOf(() => modelFrom(planOf("fedavg"), sum))).to.equal("SUM_OVERFLOW");
    expect(await codeOf(() => modelFrom(planOf("fedavg"), { updates: 0 }))).to.equal("STRATEGY_TOO_FEW_UPDATES");
  });
});
