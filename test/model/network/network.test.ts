import type { Tensor5D } from "@tensorflow/tfjs-node-gpu";
import { expect } from "chai";
import { createNetwork } from "../../../model/network/network.ts";
import { tf } from "../../../model/tensorflow/tensorflow.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { smallSpec } from "../small-scans.ts";

describe("the capsule network", () => {
  it("has the paper's parts at the iv3 preset: Inception V3, 32 capsules of 32, 2 of 16", () => {
    const input = { slices: 2, height: 299, width: 299, channels: 3 };
    const network = createNetwork({ ...smallSpec, preset: "iv3", input, normalisation: "batch-local" });
    // 21,802,784 is Keras's InceptionV3(include_top=False).
    expect(network.parameterCount).to.equal(21_802_784 + 2048 * 32 * 32 + 32 * 2 * 16);
    network.dispose();
  });

  it("adds three dense layers where it reconstructs: Sabour's at iv3, smaller ones at compact", () => {
    const dense = (...sides: number[]) => sides.slice(1).reduce((sum, to, at) => sum + (sides[at]! + 1) * to, 0);
    for (const [preset, decoder] of [
      ["compact", dense(32, 64, 128, 16 * 16)],
      ["iv3", dense(32, 512, 1024, 28 * 28)],
    ] as const) {
      const input = preset === "iv3" ? { slices: 1, height: 75, width: 75, channels: 1 } : smallSpec.input;
      const plain = createNetwork({ ...smallSpec, preset, input });
      const drawing = createNetwork({ ...smallSpec, preset, input, reconstruction: true });
      expect(drawing.parameterCount - plain.parameterCount).to.equal(decoder);
      plain.dispose();
      drawing.dispose();
    }
  });

  it("takes scans of any number of slices and returns each slice's coupling", () => {
    const network = createNetwork(smallSpec);
    tf.tidy(() => {
      const x = tf.randomUniform([2, 9, 32, 32, 1]) as Tensor5D;
      const { lengths, couplings, capsules } = network.forward(x, { training: false });
      expect(lengths.shape).to.deep.equal([2, 2]);
      expect(capsules.shape).to.deep.equal([2, 2, 16]);
      expect(couplings.shape).to.deep.equal([2, 8, 9]);
      for (const sum of couplings.sum(1).dataSync()) expect(sum).to.be.closeTo(1, 1e-5);
      expect(Math.max(...lengths.dataSync())).to.be.below(1);
    });
    network.dispose();
  });

  it("gives the same bytes back that were set, and begins with the same ones", () => {
    const [one, same, other] = [createNetwork(smallSpec, 1), createNetwork(smallSpec, 1), createNetwork(smallSpec, 2)];
    const bytes = one.getWeights();
    expect(same.getWeights()).to.deep.equal(bytes);
    expect(other.getWeights()).not.to.deep.equal(bytes);
    other.setWeights(bytes);
    expect(other.getWeights()).to.deep.equal(bytes);
    for (const network of [one, same, other]) network.dispose();
  });

  it("keeps everything of batch norm at the hospital", () => {
    const network = createNetwork({ ...smallSpec, normalisation: "batch-local" });
    const names = decodeSafetensors(network.getWeights()).tensors.map(({ name }) => name);
    expect(names.filter((name) => /beta|mean|variance/.test(name))).to.deep.equal([]);
    expect(network.localNames.size).to.be.above(0);
    network.dispose();
  });

  it("refuses weights of another network and changes nothing", () => {
    const network = createNetwork(smallSpec);
    const before = network.getWeights();
    const { tensors } = decodeSafetensors(before);
    const [first, ...rest] = tensors;
    const stray = { name: "stray", dtype: "F32", shape: [1], data: new Float32Array(1) } as const;
    const flat = { ...(first as (typeof tensors)[number]), shape: [first?.data.length ?? 0] };
    for (const [wrong, code] of [
      [rest, "TENSOR_MISSING"],
      [[...tensors, stray], "TENSOR_UNKNOWN"],
      [[{ ...flat, shape: [1, ...flat.shape] }, ...rest], "TENSOR_SHAPE_MISMATCH"],
    ] as const) {
      expect(() => network.setWeights(encodeSafetensors(wrong)))
        .to.throw()
        .with.property("code", code);
    }
    expect(network.getWeights()).to.deep.equal(before);
    network.dispose();
  });
});
