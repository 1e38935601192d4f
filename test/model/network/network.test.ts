import type { Tensor5D } from "@tensorflow/tfjs-node-gpu";
import { expect } from "chai";
import { sha256 } from "../../../foundation/sha256.ts";
import { createNetwork } from "../../../model/network/network.ts";
import { tf } from "../../../model/tensorflow/tensorflow.ts";
import { defaultPlan } from "../../../protocol/format/default-plan.ts";
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

  it("has two blocks at the standard preset, whose features join", () => {
    const { input } = defaultPlan({ preset: "standard" }).model;
    expect(input).to.deep.equal({ slices: 8, height: 128, width: 128, channels: 1 });
    const network = createNetwork({ ...smallSpec, preset: "standard", input });
    const convolution = (kernel: number, from: number, to: number) => (kernel * kernel * from + 1) * to;
    const block = (
      from: number,
      one: number,
      [a, three]: [number, number],
      [b, five]: [number, number],
      pool: number,
    ) =>
      convolution(1, from, one) +
      (convolution(1, from, a) + convolution(3, a, three)) +
      (convolution(1, from, b) + convolution(3, b, five) + convolution(3, five, five)) +
      convolution(1, from, pool);
    const stem = convolution(3, 8, 12) + convolution(3, 12, 24);
    const blocks = block(24, 16, [16, 16], [8, 16], 8) + block(56, 48, [32, 64], [16, 32], 32);
    expect(network.parameterCount).to.equal(stem + blocks + 232 * 8 * 16 + 16 * 2 * 16);
    tf.tidy(() => {
      const x = tf.randomUniform([1, 2, 128, 128, 1]) as Tensor5D;
      // Cells of 8 x 8 pixels: 56 features of the first block, 176 of the second.
      expect(network.parts.map(x).shape).to.deep.equal([2, 16, 16, 232]);
      const { lengths, couplings } = network.forward(x, { training: false });
      expect(lengths.shape).to.deep.equal([1, 2]);
      expect(couplings.shape).to.deep.equal([1, 8, 2]);
    });
    network.dispose();
  });

  it("begins with the same bits on every machine, whose digest a federation has agreed on", () => {
    for (const [preset, begins] of [
      ["compact", "6be04fea77130f3d"],
      ["standard", "78f82a56d4c846ea"],
    ] as const) {
      const network = createNetwork(defaultPlan({ preset }).model, 7);
      expect(Buffer.from(sha256(network.getWeights())).toString("hex"), preset).to.match(new RegExp(`^${begins}`));
      network.dispose();
    }
  });

  it("adds three dense layers where it reconstructs: Sabour's at iv3, smaller ones at the others", () => {
    const dense = (...sides: number[]) => sides.slice(1).reduce((sum, to, at) => sum + (sides[at]! + 1) * to, 0);
    for (const [preset, decoder] of [
      ["compact", dense(32, 64, 128, 16 * 16)],
      ["standard", dense(32, 64, 128, 16 * 16)],
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
