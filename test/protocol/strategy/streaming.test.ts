import { expect } from "chai";
import fc from "fast-check";
import { seededIntegers } from "../../../foundation/random.ts";
import { decodeSafetensors, parseSafetensorsHeader } from "../../../protocol/format/safetensors.ts";
import { aggregate, aggregateToBytes, type IncludedUpdate } from "../../../protocol/strategy/aggregate.ts";
import { type StrategyName, strategySpecSchema } from "../../../protocol/strategy/strategy-spec.ts";
import { type ByteSource, memorySink, memorySource } from "../../../protocol/update/byte-source.ts";
import { largestInteger } from "../../../protocol/update/integers.ts";
import { updateLayout } from "../../../protocol/update/update-layout.ts";
import { included, modelOf, planOf, updateOf } from "./small-federation.ts";

const names = strategySpecSchema.options.map((option) => option.shape.name.value) as StrategyName[];

/** Integers over the type's whole range, from a seed. */
function noise(seed: number, length: number, limit: number): number[] {
  const next = seededIntegers("noise", seed);
  return Array.from({ length }, () => (next() % (2 * limit + 1)) - limit);
}

/** Bytes that arrive late and in buffers of the source's own, misaligned. */
function slowSource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.byteLength,
    async read(offset, length) {
      await Promise.resolve();
      const shifted = new Uint8Array(length + 1);
      shifted.set(bytes.subarray(offset, offset + length), 1);
      return shifted.subarray(1);
    },
  };
}

describe("aggregate, streaming", () => {
  it("gives float32(base + step * sum / N) with the sum of arbitrary precision, over many runs and tensors", async () => {
    const sides = [1, 70_000, 3, 40_001, 65_536];
    const coordinates = sides.reduce((sum, side) => sum + side, 0);
    for (const type of ["I8", "I16", "I32"] as const) {
      const plan = { ...planOf("fedavg", { update: { type, clipNorm: 2 ** 20 } }), sampleCap: 2 ** 20 };
      const base = modelOf(
        Object.fromEntries(sides.map((side, index) => [`t${index}`, noise(index, side, 1000).map((v) => v / 7)])),
        [-3, 2, -20, 0, -9],
      );
      const counts = [3, 2 ** 20, 40_000, 1, 77];
      const integers = counts.map((_, hospital) => noise(100 + hospital, coordinates, largestInteger[type]));
      const updates = integers.map((q, hospital) => ({
        ...included(new Uint8Array(0), hospital, counts[hospital]),
        source: slowSource(updateOf(base, plan, q)),
      }));
      const sink = memorySink();
      await aggregate({ plan, base: slowSource(base), updates, memberCount: 5 }, sink);
      const after = decodeSafetensors(sink.bytes()).tensors;
      const before = decodeSafetensors(base).tensors;
      const total = BigInt(counts.reduce((sum, count) => sum + count, 0));
      let differing = 0;
      for (const { name, start, length, exponent } of updateLayout(parseSafetensorsHeader(base, base.byteLength), plan)
        .segments) {
        const old = before.find((tensor) => tensor.name === name)?.data ?? [];
        const found = after.find((tensor) => tensor.name === name)?.data ?? [];
        for (let index = 0; index < length; index++) {
          let sum = 0n;
          counts.forEach((count, hospital) => {
            sum += BigInt(count) * BigInt(integers[hospital]?.[start + index] ?? 0);
          });
          const expected = Math.fround(old[index]! + (Number(sum) / Number(total)) * 2 ** exponent);
          if (!Object.is(found[index], expected)) differing++;
        }
      }
      expect(differing).to.equal(0);
    }
  });

  it("gives the same bytes for every strategy and any order of arrival", async () => {
    for (const name of names) {
      const plan = planOf(name);
      const base = modelOf({ a: [1, 2, 3], b: [4, 5] });
      const coordinates = name === "scaffold" ? 10 : 5;
      const updates = Array.from({ length: 9 }, (_, index) => {
        const proposed = noise(index, name === "scaffold" ? 4 : 2, 9);
        const update = updateOf(base, plan, noise(50 + index, coordinates, 3000), { proposed });
        return included(update, index * 3, 1 + ((index * 31) % 17), index % 3);
      });
      const input = { plan, base: memorySource(base), memberCount: 12 };
      const expected = Buffer.from((await aggregateToBytes({ ...input, updates })).model).toString("hex");
      const orders = fc.shuffledSubarray(updates, { minLength: updates.length });
      await fc.assert(
        fc.asyncProperty(orders, async (shuffled: readonly IncludedUpdate[]) => {
          const { model } = await aggregateToBytes({ ...input, updates: shuffled });
          expect(Buffer.from(model).toString("hex")).to.equal(expected);
        }),
        { numRuns: 8, seed: 1 },
      );
    }
  });

  it("copies tensors that stay at the hospitals, and forgets another strategy's state", async () => {
    const plan = planOf("fedavg", { update: { localTensors: ["/norm/"] } });
    const base = modelOf({ "a/norm/scale": [7, 8], "a/weight": [1], "server/first/a/weight": [5] }, [0]);
    const update = updateOf(base, plan, [2]);
    const { model } = await aggregateToBytes({
      plan,
      base: memorySource(base),
      updates: [included(update, 0)],
      memberCount: 1,
    });
    const found = decodeSafetensors(model).tensors.map(({ name, data }) => [name, ...data]);
    expect(found).to.deep.equal([
      ["a/norm/scale", 7, 8],
      ["a/weight", 3],
    ]);
  });

  it("converts a late update from its own model's steps to the present ones", async () => {
    const plan = planOf("fedavg");
    const base = modelOf({ w: [0, 0, 0] }, [-1]);
    const fresh = updateOf(base, plan, [0, 0, 0]);
    const late = updateOf(base, plan, [5, -5, 30_000], { exponents: [1] }); // 10, -10 and 60,000: 20, -20 and 120,000 halves
    const { model } = await aggregateToBytes({
      plan,
      base: memorySource(base),
      updates: [included(fresh, 0, 1), included(late, 1, 2, 1)],
      memberCount: 2,
    });
    expect([...(decodeSafetensors(model).tensors[0]?.data ?? [])]).to.deep.equal([5, -5, 32_767 / 4]);
  });

  it("reports the share of each hospital", async () => {
    const plan = planOf("krum");
    const base = modelOf({ w: [0] });
    const updates = [0, 2, 5, 6, 100].map((q, index) => included(updateOf(base, plan, [q]), 10 - index, 4));
    const { report } = await aggregateToBytes({ plan, base: memorySource(base), updates, memberCount: 5 });
    expect(report.shares).to.deep.equal([
      { index: 6, share: 0 },
      { index: 7, share: 0 },
      { index: 8, share: 1 },
      { index: 9, share: 0 },
      { index: 10, share: 0 },
    ]);
  });
});
