import { expect } from "chai";
import { decodeSafetensors, encodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { largestInteger } from "../../../protocol/update/integers.ts";
import { modelOf, planOf, updateOf } from "../strategy/small-federation.ts";
import { codeOf, make, types, verify } from "./one-update.ts";

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

  it("takes the largest integers of each type in both signs, and refuses the next larger one", async () => {
    for (const type of types) {
      const wide = planOf("fedavg", { update: { type, clipNorm: 2 ** 30 } });
      const limit = largestInteger[type];
      expect(await codeOf(() => verify(updateOf(base, wide, [limit, -limit, 0, 0]), base, wide)), type).to.equal(
        undefined,
      );
      const beyond = type === "I32" ? [limit + 1, -limit - 1] : [-limit - 1];
      for (const integer of beyond) {
        const update = updateOf(base, wide, [0, integer, 0, 0]);
        expect(await codeOf(() => verify(update, base, wide)), `${type} ${integer}`).to.equal("UPDATE_OUT_OF_BOUNDS");
      }
    }
  });

  it("refuses another model's tensors, another integer type, and proposed steps out of range", async () => {
    const of = (model: Uint8Array, by = plan) => updateOf(model, by, [1, 1, 1, 1]);
    const foreign = [
      of(modelOf({ u: [0], w: [0, 0, 0] }, [0, 0])),
      of(modelOf({ v: [0], w: [0, 0] }, [0, 0])),
      of(base, planOf("fedavg", { update: { type: "I8", clipNorm: 8 } })),
    ];
    for (const update of foreign) expect(await codeOf(() => verify(update, base, plan))).to.equal("UPDATE_MALFORMED");
    const greedy = updateOf(base, plan, [1, 1, 1, 1], { proposed: [25, 0] });
    expect(await codeOf(() => verify(greedy, base, plan))).to.equal("EXPONENTS_MALFORMED");
  });

  it("refuses a second encoding of the same update", async () => {
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
