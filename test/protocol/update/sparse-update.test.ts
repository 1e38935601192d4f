import { expect } from "chai";
import fc from "fast-check";
import { encodeSafetensors, type NamedTensor, parseSafetensorsHeader } from "../../../protocol/format/safetensors.ts";
import { maxUpdateBytes } from "../../../protocol/update/update-layout.ts";
import { modelOf, planOf } from "../strategy/small-federation.ts";
import { applied, codeOf, flat, make, verify } from "./one-update.ts";

describe("sparse updates", () => {
  const plan = planOf("fedavg", { update: { clipNorm: 1000, topFraction: 0.01 } });
  const length = 2000;
  const base = modelOf({ w: new Array<number>(length).fill(0) }, [0]);

  /** A file with these two tensors, with any content. */
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

  it("are decoded as they were encoded for any positions, also across runs of the reader", async () => {
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

  it("are refused in a second encoding, with positions outside, or with too many values", async () => {
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
      [[5], [...new Array<number>(7).fill(0), 215, 1]], // a place after the last coordinate
      [
        [5, 5],
        [...new Array<number>(7).fill(0), 215],
      ], // a value after it
      [new Array<number>(21).fill(1), new Array<number>(21).fill(1)], // 21 of at most 20
    ] as const) {
      expect(await codeOf(() => verify(fileOf(values, gaps), base, plan))).to.equal("UPDATE_MALFORMED");
    }
    await verify(fileOf([5], [...new Array<number>(7).fill(0), 215]), base, plan);
  });

  it("fit the largest size that is fetched, also where each value is as far as possible from the one before", async () => {
    const far = 255 * 512;
    const one = planOf("fedavg", { update: { clipNorm: 1000, topFraction: 1 / far } });
    const wide = modelOf({ w: new Array<number>(far).fill(0) }, [0]);
    const change = new Array<number>(far).fill(0).with(-1, 5);
    const { update } = make({ base: wide, local: modelOf({ w: change }), plan: one });
    const most = maxUpdateBytes(parseSafetensorsHeader(wide, wide.byteLength), one);
    expect(update.byteLength)
      .to.be.at.most(most)
      .and.above(most - 2);
    await verify(update, wide, one);
  });

  it("are refused by coordinate-wise rules, since the median of mostly zeros never moves", async () => {
    const robust = planOf("median", { update: { clipNorm: 1000, topFraction: 0.01 } });
    expect(await codeOf(() => applied(robust, base, fileOf([5], [7])))).to.equal("STRATEGY_NEEDS_DENSE");
  });
});
