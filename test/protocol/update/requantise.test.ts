import { expect } from "chai";
import fc from "fast-check";
import { parseSafetensorsHeader } from "../../../protocol/format/safetensors.ts";
import { aggregateToBytes } from "../../../protocol/strategy/aggregate.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import { lateRounding, requantise } from "../../../protocol/update/requantise.ts";
import { updateLayout } from "../../../protocol/update/update-layout.ts";
import { openUpdate } from "../../../protocol/update/update-reader.ts";
import { included, modelOf, planOf, updateOf } from "../strategy/small-federation.ts";
import { flat, norm, verify } from "./one-update.ts";

describe("a late update at the present steps", () => {
  /** How far one update of age 1 moves a model of zeros whose step is 2^exponent. */
  async function moved(
    integers: readonly number[],
    { own, present, clipNorm }: { own: number; present: number; clipNorm: number },
  ): Promise<number[]> {
    const plan = planOf("fedavg", { update: { clipNorm } });
    const zeros = { w: new Array<number>(integers.length).fill(0) };
    const update = updateOf(modelOf(zeros, [own]), plan, integers);
    await verify(update, modelOf(zeros, [own]), plan);
    const input = { plan, base: memorySource(modelOf(zeros, [present])), memberCount: 1 };
    return flat((await aggregateToBytes({ ...input, updates: [included(update, 0, 1, 1)] })).model);
  }

  it("is no longer than the clip norm, though rounding halves to ones would double it", async () => {
    const halves = new Array<number>(64).fill(1);
    const change = await moved(halves, { own: -1, present: 0, clipNorm: 4 });
    expect(norm(halves.map((half) => half / 2))).to.equal(4);
    expect(norm(change)).to.be.at.most(4);
  });

  it("is rounded to the nearest, half away from zero, wherever that is within the norm", async () => {
    const change = await moved([1, 2, 3, -1, -3, 8], { own: -1, present: 0, clipNorm: 100 });
    expect(change).to.deep.equal([1, 1, 2, -1, -2, 4]);
    expect(await moved([1, 2, 3], { own: 0, present: -2, clipNorm: 100 })).to.deep.equal([1, 2, 3]);
  });

  it("never exceeds the norm that it was verified with, and loses little where its steps are fine", async () => {
    const values = fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(values, fc.integer({ min: -4, max: 6 }), async (integers, shift) => {
        const own = -6;
        const limit = norm(integers.map((value) => value * 2 ** own));
        if (limit < 2 ** -20) return;
        const change = await moved(integers, { own, present: own + shift, clipNorm: limit });
        expect(norm(change)).to.be.at.most(limit);
        if (shift <= 0 && integers.every((value) => Math.abs(value) * 2 ** -shift <= 32767)) {
          expect(change).to.deep.equal(integers.map((value) => value * 2 ** own));
        }
      }),
      { seed: 18, numRuns: 200 },
    );
  });

  it("keeps the control variate's group within its own norm", async () => {
    const plan = planOf("scaffold", { update: { clipNorm: 64 }, strategy: { controlClipNorm: 2 } });
    const zeros = { w: new Array<number>(16).fill(0) };
    const present = updateLayout(headerOf(modelOf(zeros, [0, 0])), plan);
    const update = updateOf(modelOf(zeros, [-1, -1]), plan, new Array<number>(32).fill(1));
    await verify(update, modelOf(zeros, [-1, -1]), plan);
    const open = () => openUpdate(memorySource(update), present, plan);
    const rounding = await lateRounding(open, present, plan);
    const run = new Int16Array(32).fill(1);
    requantise(run, 0, [-1, -1], present, rounding);
    for (const { group, start, length } of present.segments) {
      const part = norm([...run.subarray(start, start + length)]);
      expect(part, group).to.be.at.most(group === "control" ? 2 : 64);
    }
  });
});

function headerOf(model: Uint8Array) {
  return parseSafetensorsHeader(model, model.byteLength);
}
