import { expect } from "chai";
import fc from "fast-check";
import { parseAddress } from "../../../protocol/digest.ts";
import { isFedError } from "../../../protocol/errors.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type NamedTensor,
  parseSafetensorsHeader,
} from "../../../protocol/safetensors.ts";
import { aggregateToBytes } from "../../../protocol/strategy/aggregate.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import type { UpdateType } from "../../../protocol/update/integers.ts";
import { type MadeUpdate, makeUpdate, type UpdateInput } from "../../../protocol/update/make-update.ts";
import { seededIntegers } from "../../../protocol/update/random.ts";
import { maxUpdateBytes, type UpdatePlan } from "../../../protocol/update/update-layout.ts";
import { verifyUpdate } from "../../../protocol/update/verify-update.ts";
import { included, modelOf, planOf, updateOf } from "../strategy/small-federation.ts";

const hospital = parseAddress(`0x${"ab".repeat(20)}`);
const types: readonly UpdateType[] = ["I8", "I16", "I32"];

function make(given: Partial<UpdateInput> & Pick<UpdateInput, "base" | "local" | "plan">): MadeUpdate {
  return makeUpdate({ residual: undefined, round: 1, hospital, ...given });
}

function verify(update: Uint8Array, base: Uint8Array, plan: UpdatePlan) {
  return verifyUpdate(memorySource(update), { base: parseSafetensorsHeader(base, base.byteLength), plan });
}

async function codeOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return isFedError(error) ? error.code : String(error);
  }
}

/** Numbers between -1 and 1, roughly bell-shaped, scaled. */
function bell(seed: number, length: number, scale: number): number[] {
  const next = seededIntegers("bell", seed);
  return Array.from({ length }, () => scale * ((next() + next() + next() + next()) / 2 ** 33 - 1));
}

/** The model after one round with this update alone. */
async function applied(plan: ReturnType<typeof planOf>, base: Uint8Array, update: Uint8Array): Promise<Uint8Array> {
  const updates = [included(update, 0)];
  return (await aggregateToBytes({ plan, base: memorySource(base), updates, memberCount: 1 })).model;
}

const flat = (file: Uint8Array) => decodeSafetensors(file).tensors.flatMap(({ data }) => [...data]);
const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

describe("makeUpdate", () => {
  it("gives the same bytes for the same input, and other rounding in another round", () => {
    const plan = planOf("fedavg", { update: { clipNorm: 1 } });
    const base = modelOf({ w: bell(1, 500, 1) });
    const local = modelOf({ w: bell(2, 500, 1) });
    const made = make({ base, local, plan });
    expect(Buffer.compare(make({ base, local, plan }).update, made.update)).to.equal(0);
    expect(Buffer.compare(make({ base, local, plan, round: 2 }).update, made.update)).to.not.equal(0);
  });

  it("sends what training changed, to within a step, and keeps the rest for the next round", async () => {
    for (const type of types) {
      const plan = planOf("fedavg", { update: { type, clipNorm: 4 } });
      const base = modelOf({ v: [0.5], w: [1, -1, 0] }, [-9, -9]);
      const local = modelOf({ v: [0.5 + 1 / 16], w: [1.01, -1.1, 0.0007] });
      const { update, residual, clipped } = make({ base, local, plan });
      const sent = flat(await applied(plan, base, update)).map((value, index) => value - (flat(base)[index] ?? 0));
      const kept = flat(residual);
      expect(clipped).to.equal(false);
      [1 / 16, 0.01, -0.1, 0.0007].forEach((change, index) => {
        expect(Math.abs(kept[index] ?? 1)).to.be.at.most(2 ** -9);
        expect((sent[index] ?? 0) + (kept[index] ?? 0)).to.be.closeTo(change, 1e-6);
      });
      expect(kept[0]).to.equal(0); // 1/16 is a whole number of steps
    }
  });

  it("never sends more than the clip norm, for any size of change", async () => {
    const any = fc.record({
      type: fc.constantFrom(...types),
      topFraction: fc.constantFrom(1, 0.25),
      scale: fc.constantFrom(1e-6, 0.01, 0.999, 1, 1.001, 30, 1e6),
      clipNorm: fc.constantFrom(2 ** -20, 0.1, 1, 5),
      length: fc.integer({ min: 1, max: 300 }),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(any, async ({ type, topFraction, scale, clipNorm, length, seed }) => {
        const plan = planOf("fedavg", { update: { type, clipNorm, topFraction } });
        const base = modelOf({ w: new Array<number>(length).fill(0) });
        const direction = bell(seed, length, 1);
        const size = Math.max(1e-9, norm(direction));
        const local = modelOf({ w: direction.map((value) => (value / size) * scale * clipNorm) });
        const made = make({ base, local, plan });
        expect((await verify(made.update, base, plan)).norm).to.be.at.most(clipNorm);
        expect(made.update.byteLength).to.be.at.most(
          maxUpdateBytes(parseSafetensorsHeader(base, base.byteLength), plan),
        );
        if (scale > 1.001) expect(made.clipped).to.equal(true);
        expect(norm(flat(made.residual))).to.be.at.most(clipNorm * 1.001 + 1e-9);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  it("with error feedback loses nothing over rounds, even with 8 bits and one coordinate in ten", async () => {
    for (const topFraction of [1, 0.1]) {
      const plan = planOf("fedavg", { update: { type: "I8", clipNorm: 8, topFraction } });
      const change = bell(5, 200, 0.01);
      let model = modelOf({ w: new Array<number>(200).fill(0) });
      let residual: Uint8Array | undefined;
      const rounds = 60;
      for (let round = 1; round <= rounds; round++) {
        const local = modelOf({ w: flat(model).map((value, index) => value + (change[index] ?? 0)) });
        const made = make({ base: model, local, plan, residual, round });
        residual = made.residual;
        model = await applied(plan, model, made.update);
      }
      const missing = flat(model).map((value, index) => value - rounds * (change[index] ?? 0));
      // All that is missing is in the residual of the last round.
      expect(norm(missing.map((value, index) => value + (flat(residual as Uint8Array)[index] ?? 0)))).to.be.below(1e-4);
      expect(norm(missing)).to.be.below((topFraction === 1 ? 0.02 : 0.5) * rounds * norm(change));
    }
  });

  it("learns steps that suit each tensor: after one round eight bits resolve a large and a tiny one alike", async () => {
    const plan = planOf("fedavg", { update: { type: "I8", clipNorm: 100 } });
    const large = bell(1, 300, 1);
    const tiny = bell(2, 300, 1e-5);
    let model = modelOf({ large: new Array<number>(300).fill(0), tiny: new Array<number>(300).fill(0) });
    const local = () => {
      const values = flat(model);
      return modelOf({
        large: large.map((change, index) => change + (values[index] ?? 0)),
        tiny: tiny.map((change, index) => change + (values[300 + index] ?? 0)),
      });
    };
    model = await applied(plan, model, make({ base: model, local: local(), plan }).update);
    const before = flat(model);
    const after = flat(await applied(plan, model, make({ base: model, local: local(), plan, round: 2 }).update));
    const sent = after.map((value, index) => value - (before[index] ?? 0));
    const error = (change: readonly number[], found: readonly number[]) =>
      norm(change.map((value, index) => value - (found[index] ?? 0))) / norm(change);
    expect(error(large, sent.slice(0, 300))).to.be.below(0.03);
    expect(error(tiny, sent.slice(300))).to.be.below(0.03);
  });

  it("rounds without bias: the mean of many roundings of 0.3 steps is 0.3 steps", () => {
    const plan = planOf("fedavg");
    const length = 40_000;
    const base = modelOf({ w: new Array<number>(length).fill(0) }, [0]);
    const local = modelOf({ w: new Array<number>(length).fill(0.3) });
    const integers = flat(make({ base, local, plan }).update);
    const mean = integers.reduce((sum, value) => sum + value, 0) / length;
    expect(mean).to.be.closeTo(0.3, 0.01); // four standard errors
    expect([...new Set(integers)].sort()).to.deep.equal([0, 1]);
  });

  it("carries SCAFFOLD's control variates in the same file, clipped by their own norm", async () => {
    const plan = planOf("scaffold", { strategy: { controlClipNorm: 1 } });
    const base = modelOf({ w: [0, 0] });
    const made = make({ base, local: modelOf({ w: [3, 4] }), control: modelOf({ w: [30, 40] }), plan });
    expect((await verify(made.update, base, plan)).norm).to.be.closeTo(5, 0.1);
    const model = decodeSafetensors(await applied(plan, base, made.update)).tensors;
    const control = model.find(({ name }) => name === "server/control/w");
    expect(norm([...(control?.data ?? [])]))
      .to.be.closeTo(1, 0.01)
      .and.at.most(1);
    expect(await codeOf(async () => make({ base, local: base, plan }))).to.equal("CONTROL_MISSING");
  });

  it("refuses weights that are not numbers, missing tensors and other shapes", async () => {
    const plan = planOf("fedavg");
    const base = modelOf({ w: [0, 0] });
    for (const [local, code] of [
      [modelOf({ w: [0, Number.NaN] }), "UPDATE_NOT_FINITE"],
      [modelOf({ w: [0, Number.POSITIVE_INFINITY] }), "UPDATE_NOT_FINITE"],
      [modelOf({ v: [0, 0] }), "TENSOR_MISSING"],
      [modelOf({ w: [0, 0, 0] }), "TENSOR_SHAPE_MISMATCH"],
      [base.subarray(0, 1000), "SAFETENSORS_MALFORMED"],
    ] as const) {
      expect(await codeOf(async () => make({ base, local, plan }))).to.equal(code);
    }
  });
});

describe("verifyUpdate", () => {
  const plan = planOf("fedavg", { update: { clipNorm: 8 } });
  const base = modelOf({ v: [0], w: [0, 0, 0] }, [0, 0]);

  it("refuses a norm above the clip norm by one step, and takes the norm itself", async () => {
    expect(await verify(updateOf(base, plan, [8, 0, 0, 0]), base, plan)).to.deep.equal({ norm: 8 });
    expect(await codeOf(() => verify(updateOf(base, plan, [8, 0, 1, 0]), base, plan))).to.equal("UPDATE_NORM_EXCEEDED");
  });

  it("refuses steps that are not the base's: a step of 2^10 would be a thousandfold update", async () => {
    const scaled = updateOf(base, plan, [1, 0, 0, 0], { exponents: [10, 0] });
    expect(await codeOf(() => verify(scaled, base, plan))).to.equal("UPDATE_STEP_MISMATCH");
  });

  it("refuses integers beyond the symmetric range", async () => {
    const wide = planOf("fedavg", { update: { clipNorm: 2 ** 20 } });
    const update = updateOf(base, wide, [-32768, 0, 0, 0]);
    expect(await codeOf(() => verify(update, base, wide))).to.equal("UPDATE_OUT_OF_BOUNDS");
  });

  it("refuses another model's tensors, another integer type, and wishes beyond reason", async () => {
    const of = (model: Uint8Array, by = plan) => updateOf(model, by, [1, 1, 1, 1]);
    const foreign = [
      of(modelOf({ u: [0], w: [0, 0, 0] }, [0, 0])),
      of(modelOf({ v: [0], w: [0, 0] }, [0, 0])),
      of(base, planOf("fedavg", { update: { type: "I8", clipNorm: 8 } })),
    ];
    for (const update of foreign) expect(await codeOf(() => verify(update, base, plan))).to.equal("UPDATE_MALFORMED");
    const greedy = updateOf(base, plan, [1, 1, 1, 1], { wishes: [25, 0] });
    expect(await codeOf(() => verify(greedy, base, plan))).to.equal("EXPONENTS_MALFORMED");
  });

  it("refuses an update that says the same in other bytes", async () => {
    const update = updateOf(base, plan, [1, 2, 3, 4]);
    const { tensors, metadata } = decodeSafetensors(update);
    const chatty = encodeSafetensors(tensors, { ...metadata, note: "hello" });
    expect(await codeOf(() => verify(chatty, base, plan))).to.equal("UPDATE_MALFORMED");
    const respelt = encodeSafetensors(tensors, { ...metadata, wishes: "[0, 0]" });
    expect(await codeOf(() => verify(respelt, base, plan))).to.equal("EXPONENTS_MALFORMED");
  });

  it("refuses every truncation, dense and sparse", async () => {
    const sparse = planOf("fedavg", { update: { clipNorm: 8, topFraction: 0.5 } });
    for (const by of [plan, sparse]) {
      const { update } = make({ base, local: modelOf({ v: [1], w: [2, 3, -1] }), plan: by });
      for (let size = 0; size < update.byteLength; size += size < 1024 ? 37 : 1) {
        expect(await codeOf(() => verify(update.slice(0, size), base, by))).to.match(/MALFORMED/);
      }
    }
  });
});

describe("sparse updates", () => {
  const plan = planOf("fedavg", { update: { clipNorm: 1000, topFraction: 0.01 } });
  const length = 2000;
  const base = modelOf({ w: new Array<number>(length).fill(0) }, [0]);

  /** A file with these two tensors, whatever they hold. */
  function fileOf(values: readonly number[], gaps: readonly number[]): Uint8Array {
    const tensors: NamedTensor[] = [
      { name: "values", dtype: "I16", shape: [values.length], data: Int16Array.from(values) },
      { name: "gaps", dtype: "U8", shape: [gaps.length], data: Uint8Array.from(gaps) },
    ];
    return encodeSafetensors(tensors, { exponents: "[0]", wishes: "[0]" });
  }

  it("carry the largest coordinates, the first ones among equals, and the rest next time", async () => {
    const change = Array.from({ length }, (_, index) => (index % 300 === 299 ? -50 : index % 40 === 0 ? 9 : 3));
    const local = modelOf({ w: change });
    const made = make({ base, local, plan });
    const model = flat(await applied(plan, base, made.update));
    const expected: number[] = change.map((value) => (value === -50 ? -50 : 0));
    let room = 20 - expected.filter((value) => value !== 0).length;
    change.forEach((value, index) => {
      if (value === 9 && room-- > 0) expected[index] = 9;
    });
    expect(model).to.deep.equal(expected);
    expect(flat(made.residual)).to.deep.equal(change.map((value, index) => value - (expected[index] ?? 0)));
    expect(made.update.byteLength).to.be.below(1024 + 20 * 4);
  });

  it("survive their own coding for any positions, also across runs of the reader", async () => {
    const far = 140_000;
    const wide = modelOf({ w: new Array<number>(far).fill(0) }, [0]);
    const some = fc.uniqueArray(fc.nat({ max: far - 1 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(some, async (positions) => {
        const change = new Array<number>(far).fill(0);
        for (const [index, position] of positions.entries()) change[position] = index % 2 === 0 ? 5 : -7;
        const { update } = make({ base: wide, local: modelOf({ w: change }), plan });
        await verify(update, wide, plan);
        expect(flat(await applied(plan, wide, update))).to.deep.equal(change);
      }),
      { numRuns: 15, seed: 1 },
    );
  });

  it("are refused when they spell a vector in a second way, point outside, or carry too much", async () => {
    await verify(fileOf([5], [7]), base, plan);
    for (const [values, gaps] of [
      [[5], [7, 0]], // a skip that leads nowhere
      [
        [5, 0],
        [7, 1],
      ], // a zero that need not be there
      [[5, 5], [7]], // more values than places
      [[5], [7, 7]], // more places than values
      [[5], [...new Array<number>(7).fill(0), 216]], // coordinate 2000 of 0 to 1999
      [new Array<number>(21).fill(1), new Array<number>(21).fill(1)], // 21 of at most 20
    ] as const) {
      expect(await codeOf(() => verify(fileOf(values, gaps), base, plan))).to.equal("UPDATE_MALFORMED");
    }
    await verify(fileOf([5], [...new Array<number>(7).fill(0), 215]), base, plan);
  });

  it("are refused by coordinate-wise rules, whose mean of mostly zeros never moves", async () => {
    const robust = planOf("median", { update: { clipNorm: 1000, topFraction: 0.01 } });
    expect(await codeOf(() => applied(robust, base, fileOf([5], [7])))).to.equal("STRATEGY_NEEDS_DENSE");
  });
});
