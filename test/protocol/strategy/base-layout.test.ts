// A base that nobody checked, as a genesis or what two thirds made final, may be any safetensors file.
import { expect } from "chai";
import { isFedError } from "../../../foundation/errors.ts";
import type { Plan } from "../../../protocol/format/plan.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../../../protocol/format/safetensors.ts";
import { aggregateToBytes } from "../../../protocol/strategy/aggregate.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import { makeUpdate } from "../../../protocol/update/make-update.ts";
import { addressOf, examplePlan } from "../../fakes/federation.ts";
import { genesisModel } from "../../fakes/learner.ts";

const strategy: Plan["strategy"] = {
  name: "fedavgm",
  maxSharePermille: 1000,
  maxStaleness: 0,
  momentum: 0.9,
  serverLearningRate: 1,
};
const plan = examplePlan({ strategy });

/** What an average of one update on the base comes to: a model, or an error's code. */
async function outcomeOn(base: Uint8Array): Promise<string> {
  const good = genesisModel();
  const { update } = makeUpdate({
    base: good,
    local: good,
    residual: undefined,
    plan,
    round: 1,
    hospital: addressOf(0),
  });
  const updates = [{ index: 0, sampleCount: 3, age: 0, source: memorySource(update) }];
  try {
    await aggregateToBytes({ plan, base: memorySource(base), updates, memberCount: 1 });
    return "a model";
  } catch (error) {
    if (!isFedError(error)) throw error;
    return error.code;
  }
}

describe("an average on a base", () => {
  const { tensors } = decodeSafetensors(genesisModel());
  const withState = (state: NamedTensor) => encodeSafetensors([...tensors, state]);
  const zeros = { name: "server/momentum/dense/bias", dtype: "F32", shape: [5], data: new Float32Array(5) } as const;

  it("starts from the server's state, or from none", async () => {
    expect(await outcomeOn(genesisModel())).to.equal("a model");
    expect(await outcomeOn(withState(zeros))).to.equal("a model");
  });

  it("ends if the server's state has another type or shape: reading on used to end never", async () => {
    expect(await outcomeOn(withState({ ...zeros, dtype: "I8", shape: [3], data: Int8Array.of(1, 2, 3) }))).to.equal(
      "MODEL_DTYPE",
    );
    expect(await outcomeOn(withState({ ...zeros, shape: [2], data: new Float32Array(2) }))).to.equal(
      "TENSOR_SHAPE_MISMATCH",
    );
    expect(await outcomeOn(withState({ ...zeros, shape: [1, 5] }))).to.equal("TENSOR_SHAPE_MISMATCH");
  });

  it("is not made on tensors that are no numbers of a model", async () => {
    const integers = tensors.map(
      (each) => ({ ...each, dtype: "I32", data: Int32Array.from(each.data) }) as NamedTensor,
    );
    expect(await outcomeOn(encodeSafetensors(integers))).to.equal("MODEL_DTYPE");
    expect(await outcomeOn(encodeSafetensors([]))).to.equal("MODEL_EMPTY");
    expect(await outcomeOn(encodeSafetensors(tensors, { exponents: "[1e400]" }))).to.equal("EXPONENTS_MALFORMED");
  });
});
