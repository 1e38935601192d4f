import type { Tensor4D, Tensor5D } from "@tensorflow/tfjs-node-gpu";
import { expect } from "chai";
import { tf } from "../../../model/tensorflow/tensorflow.ts";
import { zoo, zooNetwork } from "../../../model/zoo/networks.ts";
import { imageNetPixels } from "../../../model/zoo/pixels.ts";
import { countParameters, createZooModel, drawModel } from "../../../model/zoo/zoo-model.ts";
import type { Drawing } from "../../../model/zoo/zoo-network.ts";
import { encodeSafetensors } from "../../../protocol/format/safetensors.ts";
import { compareWithKeras, drawing, keras, largeNetworks } from "./reference/keras.ts";
import { noise, referenceWeight } from "./reference/weights.ts";

/** Keras 3.15.1, include_top=False, three channels: the counts that keras_zoo.py printed, and Keras's documentation has. */
const parametersInKeras: Readonly<Record<string, number>> = {
  vgg16: 14_714_688,
  vgg19: 20_024_384,
  xception: 20_861_480,
  resnet50: 23_587_712,
  resnet50v2: 23_564_800,
  resnet152v2: 58_331_648,
  inceptionv3: 21_802_784,
  mobilenet: 3_228_864,
  mobilenetv2: 2_257_984,
  densenet121: 7_037_504,
  densenet169: 12_642_880,
  densenet201: 18_321_984,
  // Not in Keras's applications; by hand 34,944 + 614,656 + 885,120 + 1,327,488 + 884,992.
  alexnet: 3_747_200,
};

describe("the zoo", () => {
  it("has as many parameters as Keras's networks", () => {
    for (const [name, expected] of Object.entries(parametersInKeras)) {
      expect(countParameters([224, 224, 3], drawing(name)), name).to.equal(expected);
    }
    for (const [name, { parameters, input }] of Object.entries(keras)) {
      expect(countParameters(input, drawing(name)), name).to.equal(parameters);
    }
    expect(zoo.map(({ name }) => name)).to.include.members(Object.keys(parametersInKeras));
  });

  for (const name of Object.keys(keras).filter((each) => !largeNetworks.includes(each))) {
    it(`computes what Keras computes from the same weights: ${name}`, () => compareWithKeras(name));
  }

  it("shows a pretrained backbone grey slices as Keras showed it pictures", () => {
    const grey = tf.tensor4d([0, 0.5, 1], [3, 1, 1, 1]);
    const shown = (scale: Parameters<typeof imageNetPixels>[1]) => [
      ...imageNetPixels(grey as Tensor4D, scale).dataSync(),
    ];
    expect(shown("symmetric")).to.deep.equal([-1, -1, -1, 0, 0, 0, 1, 1, 1]);
    expect(shown("bgr-mean")[4]).to.be.closeTo(127.5 - 116.779, 1e-4);
    expect(shown("mean-and-deviation")[6]).to.be.closeTo((1 - 0.485) / 0.229, 1e-4);
  });

  it("trains only the head of a pretrained backbone, whose weights come from a file", () => {
    const network = zooNetwork("mobilenetv2");
    const backbone = drawModel([32, 32, 3], network.backbone as Drawing);
    const tensors = backbone.weights.map(({ originalName: name, shape }) => ({
      name,
      dtype: "F32" as const,
      shape: shape as number[],
      data: referenceWeight(name, shape as number[]),
    }));
    backbone.dispose();
    const input = { slices: 2, height: 32, width: 32, channels: 1 };
    const model = createZooModel(network, input, { seed: 1, pretrained: encodeSafetensors(tensors) });
    const names = [...model.trainable.keys()];
    expect(names).to.have.length(6);
    for (const name of names) expect(name).to.match(/^head\//);
    const logits = tf.tidy(() => model.logits(tf.ones([3, 2, 32, 32, 1]) as Tensor5D, { training: false }));
    expect(logits.shape).to.deep.equal([6, 2]);
    model.dispose();
    expect(() => createZooModel(network, input, { seed: 1, pretrained: encodeSafetensors(tensors.slice(1)) }))
      .to.throw()
      .with.property("code", "TENSOR_MISSING");
  });

  it("refuses what a topology cannot take, before any work", () => {
    const input = { slices: 4, height: 64, width: 64, channels: 1 };
    for (const [name, options, code] of [
      ["inceptionv3", {}, "ZOO_INPUT_TOO_SMALL"],
      ["c3d", {}, "ZOO_INPUT_TOO_SMALL"],
      ["lrcn", { pretrained: new Uint8Array(8) }, "ZOO_INPUT_TOO_SMALL"],
    ] as const) {
      expect(() => createZooModel(zooNetwork(name), input, { seed: 1, ...options }), name)
        .to.throw()
        .with.property("code", code);
    }
    expect(() => zooNetwork("vgg17"))
      .to.throw()
      .with.property("code", "ZOO_NETWORK_UNKNOWN");
  });

  it("takes the smallest scans that it says it takes", () => {
    for (const { name, smallest, backbone, head } of zoo) {
      const { side, slices } = smallest;
      const seen = backbone ? drawModel([side, side, 1], backbone) : drawModel([slices, side, side, 1], head.draw(1));
      const sides = seen.outputs[0]?.shape.slice(1) as number[];
      expect(Math.min(...sides), name).to.be.at.least(1);
      seen.dispose();
    }
  });

  for (const name of ["inceptionv3", "mobilenet", "densenet121", "lrcn", "conv3d"]) {
    it(`begins with the same weights and drops the same values for the same seed, and leaves nothing behind: ${name}`, () => {
      const { smallest, head } = zooNetwork(name);
      const side = smallest.side;
      const slices = Math.max(2, smallest.slices);
      const before = tf.memory().numTensors;
      const once = (seed: number) => {
        const model = createZooModel(zooNetwork(name), { slices, height: side, width: side, channels: 2 }, { seed });
        const x = () => tf.tensor(noise("pixels", slices * side * side * 2).map(Math.abs), [1, slices, side, side, 2]);
        const logits = tf.tidy(() => model.logits(x() as Tensor5D, { training: true }).dataSync());
        model.dispose();
        return [...logits];
      };
      const first = once(3);
      expect(first).to.have.length(2 * (head.sees === "slice" ? slices : 1));
      expect(first.every(Number.isFinite)).to.equal(true);
      expect(once(3)).to.deep.equal(first);
      expect(once(4)).not.to.deep.equal(first);
      expect(tf.memory().numTensors).to.equal(before);
    });
  }
});
