import { expect } from "chai";
import { genesisWeights, givenWeights } from "../../../model/training/trainer.ts";
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../../../protocol/format/safetensors.ts";
import { smallSpec } from "../small-scans.ts";

describe("the first model of a plan", () => {
  const plan = { model: smallSpec, seed: 7 };
  const tensorsOf = (bytes: Uint8Array) => new Map(decodeSafetensors(bytes).tensors.map((each) => [each.name, each]));

  it("has the same bytes each time, and others for another seed", () => {
    expect(genesisWeights(plan)).to.deep.equal(genesisWeights(plan));
    expect(genesisWeights({ ...plan, seed: 8 })).not.to.deep.equal(genesisWeights(plan));
  });

  it("begins with a pretrained extractor, and with its own capsules", () => {
    const [own, other] = [genesisWeights(plan), genesisWeights({ ...plan, seed: 8 })];
    const begun = tensorsOf(genesisWeights(plan, other));
    for (const [name, { data }] of begun) {
      expect(data).to.deep.equal(tensorsOf(name.startsWith("capsules/") ? own : other).get(name)?.data);
    }
  });

  it("refuses a backbone that lacks a tensor of the extractor or has it in another shape", () => {
    const extractor = decodeSafetensors(genesisWeights(plan)).tensors.filter(
      ({ name }) => !name.startsWith("capsules/"),
    );
    const [first, ...others] = extractor as [NamedTensor, ...NamedTensor[]];
    for (const [tensors, code] of [
      [others, "TENSOR_MISSING"],
      [[...others, { ...first, shape: [...first.shape, 1] }], "TENSOR_SHAPE_MISMATCH"],
    ] as const) {
      const backbone = encodeSafetensors(tensors);
      expect(() => genesisWeights(plan, backbone))
        .to.throw()
        .with.property("code", code);
    }
  });

  it("is a given model, without what the server kept beside it", () => {
    const other = genesisWeights({ ...plan, seed: 8 });
    const { tensors } = decodeSafetensors(other);
    const [first] = tensors as [NamedTensor];
    const kept = encodeSafetensors([...tensors, { ...first, name: `server/velocity/${first.name}` }]);
    expect(givenWeights(plan, kept)).to.deep.equal(other);
  });

  it("refuses a model of another network", () => {
    const { tensors } = decodeSafetensors(genesisWeights(plan));
    const [first] = tensors as [NamedTensor];
    const stray = encodeSafetensors([...tensors, { ...first, name: "stray" }]);
    expect(() => givenWeights(plan, stray))
      .to.throw()
      .with.property("code", "TENSOR_UNKNOWN");
  });
});
