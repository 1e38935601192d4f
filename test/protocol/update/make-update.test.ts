import { expect } from "chai";
import fc from "fast-check";
import { decodeSafetensors, parseSafetensorsHeader } from "../../../protocol/format/safetensors.ts";
import { maxUpdateBytes } from "../../../protocol/update/update-layout.ts";
import { modelOf, planOf } from "../strategy/small-federation.ts";
import { applied, bell, codeOf, flat, make, norm, types, verify } from "./one-update.ts";

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
