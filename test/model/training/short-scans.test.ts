import { expect } from "chai";
import { explain } from "../../../model/network/explain.ts";
import { createNetwork } from "../../../model/network/network.ts";
import { tf } from "../../../model/tensorflow/tensorflow.ts";
import { evaluate } from "../../../model/training/evaluate.ts";
import { train } from "../../../model/training/train.ts";
import type { TrainingSet } from "../../../model/training/training-set.ts";
import type { ModelSpec } from "../../../protocol/format/model-spec.ts";
import { smallScans, smallSpec, smallTraining } from "../small-scans.ts";

const { height, width } = smallSpec.input;
const taking = (slices: number): ModelSpec => ({ ...smallSpec, input: { ...smallSpec.input, slices } });

/** The scans of a set with their first slices only; all keep their own where `slices` is larger. */
function shortened(data: TrainingSet, slicesOf: (index: number) => number): TrainingSet {
  const scans = data.scans.map((scan, index) => ({ ...scan, slices: Math.min(scan.slices, slicesOf(index)) }));
  return { ...data, scans, read: (index) => data.read(index).slice(0, scans[index]!.slices * height * width) };
}

function alone(data: TrainingSet, index: number): TrainingSet {
  return { ...data, scans: [data.scans[index]!], read: () => data.read(index) };
}

async function trained(data: TrainingSet, spec: ModelSpec) {
  const network = createNetwork(spec, 7);
  const losses: number[] = [];
  const options = { ...smallTraining, augmentation: true, localEpochs: 3, seed: 3 };
  for await (const { loss } of train(network, data, options)) losses.push(loss);
  return { network, losses };
}

describe("a scan of fewer slices than the network takes", () => {
  const single = shortened(smallScans(6), () => 1);

  it("is learned from and scored to the bits of a network that takes as many slices as it has", async () => {
    const one = await trained(single, taking(1));
    const eight = await trained(single, taking(8));
    expect(eight.losses).to.deep.equal(one.losses);
    expect(await evaluate(eight.network, single)).to.deep.equal(await evaluate(one.network, single));
    one.network.dispose();
    eight.network.dispose();
  });

  it("has the same score and loss beside longer scans as alone", async () => {
    const mixed = shortened(smallScans(6), (index) => (index % 2 === 0 ? 1 + index : 7));
    const { network, losses } = await trained(mixed, taking(7));
    expect(losses.every(Number.isFinite)).to.equal(true);
    const before = tf.memory().numTensors;
    const scores = await evaluate(network, mixed);
    for (const [index, { score }] of scores.entries()) {
      expect((await evaluate(network, alone(mixed, index)))[0]!.score).to.be.closeTo(score, 1e-6);
      expect(explain(network, mixed, index).score).to.be.closeTo(score, 1e-6);
    }
    expect(tf.memory().numTensors).to.equal(before);
    network.dispose();
  });

  it("is explained by one vote a slice", async () => {
    const three = shortened(smallScans(2), () => 3);
    const network = createNetwork(taking(8), 7);
    expect(explain(network, three, 0).votes.map(({ slice }) => slice)).to.deep.equal([0, 1, 2]);
    network.dispose();
  });
});

describe("a network that sees mirror images", () => {
  const spec: ModelSpec = { ...smallSpec, mirror: true };

  it("scores and explains a scan and its mirror image alike", async () => {
    const data = smallScans(4);
    const { network } = await trained(data, spec);
    const mirrored: TrainingSet = { ...data, read: (index) => mirror(data.read(index)) };
    const scores = await evaluate(network, data);
    for (const [index, { score }] of (await evaluate(network, mirrored)).entries()) {
      expect(score).to.be.closeTo(scores[index]!.score, 1e-6);
      expect(explain(network, mirrored, index).score).to.be.closeTo(score, 1e-6);
    }
    const plain = createNetwork(smallSpec, 0);
    plain.setWeights(network.getWeights());
    const [first] = await evaluate(plain, data);
    expect((await evaluate(plain, mirrored))[0]!.score).not.to.be.closeTo(first!.score, 1e-6);
    network.dispose();
    plain.dispose();
  });

  it("learns from mirror images, to the same bits again", async () => {
    const data = smallScans(4);
    const losses = async (one: ModelSpec) => {
      const { network, losses } = await trained(data, one);
      network.dispose();
      return losses;
    };
    const first = await losses(spec);
    expect(await losses(spec)).to.deep.equal(first);
    expect(await losses(smallSpec)).not.to.deep.equal(first);
  });
});

function mirror(pixels: Uint8Array): Uint8Array {
  return pixels.map((_, at) => pixels[at - (at % width) + width - 1 - (at % width)]!);
}
