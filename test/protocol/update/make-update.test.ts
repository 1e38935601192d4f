import { expect } from "chai";
import fc from "fast-check";
import { decodeSafetensors, parseSafetensorsHeader } from "../../../protocol/format/safetensors.ts";
import { maxUpdateBytes } from "../../../protocol/update/update-layout.ts";
import { modelOf, planOf } from "../strategy/small-federation.ts";
import { applied, codeOf, flat, make, noise, norm, types, verify } from "./one-update.ts";

const tensorOf = (file: Uint8Array, name: string): number[] => [
  ...(decodeSafetensors(file).tensors.find((tensor) => tensor.name === name)?.data ?? []),
];

describe("makeUpdate", () => {
  it("gives the same bytes for the same input, and other rounding in another round", () => {
    const plan = planOf("fedavg", { update: { clipNorm: 1 } });
    const base = modelOf({ w: noise(1, 500, 1) });
    const local = modelOf({ w: noise(2, 500, 1) });
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
        const direction = noise(seed, length, 1);
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
      const change = noise(5, 200, 0.01);
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
    const large = noise(1, 300, 1);
    const tiny = noise(2, 300, 1e-5);
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

  it("carries the change of SCAFFOLD's control variate in the same file, clipped by its own norm", async () => {
    const plan = planOf("scaffold", { strategy: { controlClipNorm: 1 } });
    const base = modelOf({ w: [0, 0] });
    const made = make({ base, local: modelOf({ w: [3, 4] }), unitMove: 0.1, plan });
    expect((await verify(made.update, base, plan)).norm).to.be.closeTo(5, 0.1);
    const control = tensorOf(await applied(plan, base, made.update), "server/control/w");
    expect(norm(control)).to.be.closeTo(1, 0.01).and.at.most(1);
    expect(await codeOf(async () => make({ base, local: base, plan }))).to.equal("CONTROL_MISSING");
  });

  it("moves SCAFFOLD's control variate to the mean gradient, by option II", async () => {
    // Gradients of 3 and -4 in 2 steps at a rate of 1/4: the weights move by -1.5 and 2, and c becomes the gradient.
    const plan = planOf("scaffold", { strategy: { controlClipNorm: 1024 }, update: { type: "I32" } });
    const unitMove = 0.5;
    const first = make({ base: modelOf({ w: [0, 0] }), local: modelOf({ w: [-1.5, 2] }), unitMove, plan });
    tensorOf(first.residual, "control/w").forEach((value, index) => {
      expect(value).to.be.closeTo([3, -4][index] ?? Number.NaN, 1e-5);
    });
    const model = await applied(plan, modelOf({ w: [0, 0] }), first.update);
    expect(tensorOf(model, "server/control/w")).to.deep.equal(tensorOf(first.residual, "control/w"));
    // Gradients of 5 and 6 from there: corrected by c - c_i = 0, and c_i becomes them.
    const [a = 0, b = 0] = tensorOf(model, "w");
    const local = modelOf({ w: [a - 2.5, b - 3] });
    const second = make({ base: model, local, residual: first.residual, unitMove, plan, round: 2 });
    tensorOf(second.residual, "control/w").forEach((value, index) => {
      expect(value).to.be.closeTo([5, 6][index] ?? Number.NaN, 1e-5);
    });
  });

  it("keeps SCAFFOLD's variate equal to what the server has received, despite rounding and clipping", async () => {
    const strategy = { controlClipNorm: 0.5, serverLearningRate: 1 };
    const plan = planOf("scaffold", { strategy, update: { type: "I8", clipNorm: 8, topFraction: 0.5 } });
    let model = modelOf({ w: new Array<number>(50).fill(0) });
    let residual: Uint8Array | undefined;
    for (let round = 1; round <= 5; round++) {
      const before = tensorOf(model, "w");
      const local = modelOf({ w: noise(round, 50, 1).map((value, index) => (before[index] ?? 0) + value) });
      const made = make({ base: model, local, residual, unitMove: 0.5, plan, round });
      residual = made.residual;
      model = await applied(plan, model, made.update);
      // The only member of this federation: c is its c_i.
      tensorOf(model, "server/control/w").forEach((value, index) => {
        expect(value).to.be.closeTo(tensorOf(residual as Uint8Array, "control/w")[index] ?? Number.NaN, 1e-6);
      });
    }
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
