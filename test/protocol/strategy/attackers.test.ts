import { expect } from "chai";
import fc from "fast-check";
import { decodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { aggregateToBytes } from "../../../protocol/strategy/aggregate.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import { included, modelOf, planOf, updateOf } from "./small-federation.ts";

type Plan = ReturnType<typeof planOf>;
type Point = readonly number[];

const coordinates = 3;
const limit = 20_000;

const base = modelOf({ w: Array.from({ length: coordinates }, () => 0) }, [0]);

/** The mean that a rule makes of these updates: the new model, since the base is 0 and the step 1. */
async function meanOf(plan: Plan, points: readonly Point[], counts: readonly number[] = []): Promise<number[]> {
  const updates = points.map((point, index) => included(updateOf(base, plan, point), index, counts[index] ?? 1));
  const input = { plan, base: memorySource(base), updates, memberCount: points.length };
  const { model } = await aggregateToBytes(input);
  return [...(decodeSafetensors(model).tensors[0]?.data ?? [])];
}

function norm(point: Point): number {
  return Math.sqrt(point.reduce((sum, value) => sum + value * value, 0));
}

function minus(one: Point, other: Point): number[] {
  return one.map((value, i) => value - other[i]!);
}

const point = (most: number) =>
  fc.array(fc.integer({ min: -most, max: most }), { minLength: coordinates, maxLength: coordinates });
const honestPoints = (count: number) => fc.array(point(500), { minLength: count, maxLength: count });
/** Any valid updates: colluding or not, near or far. */
const hostilePoints = (count: number) =>
  fc.array(fc.oneof(point(limit), point(500)), { minLength: count, maxLength: count });
const runs = { numRuns: 60, seed: 11 };

/** Every coordinate lies between honest ones. */
function expectWithin(mean: Point, honest: readonly Point[]): void {
  mean.forEach((value, i) => {
    const column = honest.map((each) => each[i]!);
    expect(value).to.be.within(Math.min(...column), Math.max(...column));
  });
}

describe("f attackers of n that send anything", () => {
  for (const [name, honest, hostile] of [
    ["median", 4, 3],
    ["trimmed-mean", 3, 2],
    ["bulyan", 9, 2], // n >= 4f + 3
  ] as const) {
    it(`cannot move the ${name} beyond the honest updates in any coordinate (${hostile} of ${honest + hostile})`, async () => {
      const plan = planOf(name, { strategy: name === "median" ? {} : { byzantine: hostile } });
      await fc.assert(
        fc.asyncProperty(honestPoints(honest), hostilePoints(hostile), async (good, bad) => {
          expectWithin(await meanOf(plan, [...bad, ...good]), good);
        }),
        runs,
      );
    });
  }

  it("get Krum to pick one that is as near to the honest ones as they are to each other (2 of 7)", async () => {
    const plan = planOf("krum", { strategy: { byzantine: 2 } });
    await fc.assert(
      fc.asyncProperty(honestPoints(5), hostilePoints(2), async (good, bad) => {
        const picked = await meanOf(plan, [...bad, ...good]);
        const spread = Math.max(...good.flatMap((one) => good.map((other) => norm(minus(one, other)))));
        // Its three nearest include an honest one, and its score is at most an honest one's: 3 spread^2.
        const nearest = Math.min(...good.map((each) => norm(minus(picked, each))));
        expect(nearest).to.be.at.most(Math.sqrt(3) * spread);
      }),
      runs,
    );
  });

  it("get into multi-Krum's mean only as near as that (2 of 7)", async () => {
    const plan = planOf("multi-krum", { strategy: { byzantine: 2 } });
    await fc.assert(
      fc.asyncProperty(honestPoints(5), hostilePoints(2), async (good, bad) => {
        const mean = await meanOf(plan, [...bad, ...good]);
        const spread = Math.max(...good.flatMap((one) => good.map((other) => norm(minus(one, other)))));
        const centre = good[0] as Point;
        expect(norm(minus(mean, centre))).to.be.at.most((1 + Math.sqrt(3)) * spread + 1);
      }),
      runs,
    );
  });

  it("move the geometric median by a bounded multiple of the honest spread, however far away they are (3 of 8)", async () => {
    const plan = planOf("geometric-median", { strategy: { iterations: 100 } });
    await fc.assert(
      fc.asyncProperty(honestPoints(5), hostilePoints(3), async (good, bad) => {
        const median = await meanOf(plan, [...bad, ...good]);
        const centre = (good[0] as Point).map((_, i) => good.reduce((sum, each) => sum + each[i]!, 0) / 5);
        const radius = Math.max(...good.map((each) => norm(minus(each, centre))));
        // Lopuhaä and Rousseeuw 1991; Minsker 2015, lemma 2.1: C = 2 (1 - a) / (1 - 2a) for a share a of attackers.
        const bound = (2 * (1 - 3 / 8)) / (1 - 6 / 8);
        expect(norm(minus(median, centre))).to.be.at.most(bound * radius + 1);
      }),
      runs,
    );
  });

  it("move the mean by at most their share of the clip norm, which samples that they claim do not raise above the bound", async () => {
    const plan = planOf("fedavg", { strategy: { maxSharePermille: 250 }, update: { clipNorm: 1024 } });
    await fc.assert(
      fc.asyncProperty(honestPoints(6), fc.integer({ min: 1, max: 1000 }), async (good, claimed) => {
        const bad = [1024, 0, 0];
        const without = await meanOf(plan, [[0, 0, 0], ...good], [claimed, 1, 1, 1, 1, 1, 1]);
        const moved = await meanOf(plan, [bad, ...good], [claimed, 1, 1, 1, 1, 1, 1]);
        expect(norm(minus(moved, without))).to.be.at.most(0.25 * 1024 + 1);
      }),
      runs,
    );
  });
});

describe("named attacks on nine honest updates around (100, 50, -20)", () => {
  const good = [
    [90, 52, -21],
    [95, 48, -19],
    [98, 55, -25],
    [100, 50, -20],
    [101, 49, -18],
    [103, 51, -22],
    [105, 46, -16],
    [108, 53, -20],
    [110, 50, -24],
  ] as const;
  const mean = [0, 1, 2].map((i) => good.reduce((sum, each) => sum + each[i]!, 0) / good.length);
  const deviation = [0, 1, 2].map((i) =>
    Math.sqrt(good.reduce((sum, each) => sum + (each[i]! - mean[i]!) ** 2, 0) / good.length),
  );
  const attacks: Readonly<Record<string, Point>> = {
    "sign flip": mean.map((value) => Math.round(-value)),
    scale: mean.map((value) => Math.round(-100 * value)),
    Gaussian: [-9000, 12_000, 5000],
    "little is enough": mean.map((value, i) => Math.round(value - 1.5 * deviation[i]!)),
    "inner product": mean.map((value) => Math.round(-20 * value)),
  };
  const strategies = ["median", "trimmed-mean", "krum", "multi-krum", "bulyan", "geometric-median"] as const;
  for (const [attack, bad] of Object.entries(attacks)) {
    it(`${attack}: two of eleven leave every robust rule's mean pointing the honest way, near to the honest mean`, async () => {
      for (const name of strategies) {
        const byzantine = name === "median" || name === "geometric-median" ? {} : { byzantine: 2 };
        const found = await meanOf(planOf(name, { strategy: byzantine }), [bad, bad, ...good]);
        const product = found.reduce((sum, value, i) => sum + value * mean[i]!, 0);
        expect(product, name).to.be.greaterThan(0);
        expect(norm(minus(found, mean)), name).to.be.lessThan(15);
      }
    });
  }

  it("inner product: two of eleven turn the plain mean around", async () => {
    const bad = attacks["inner product"] as Point;
    const found = await meanOf(planOf("fedavg"), [bad, bad, ...good]);
    expect(found.reduce((sum, value, i) => sum + value * mean[i]!, 0)).to.be.lessThan(0);
  });
});
