// What Keras's networks have and compute, and the same asked of ours.
import { readFileSync } from "node:fs";
import type { Tensor, Variable } from "@tensorflow/tfjs-node-gpu";
import { expect } from "chai";
import { tf } from "../../../../model/tensorflow/tensorflow.ts";
import { zooNetwork } from "../../../../model/zoo/networks.ts";
import { drawModel } from "../../../../model/zoo/zoo-model.ts";
import type { Drawing } from "../../../../model/zoo/zoo-network.ts";
import { noise, referenceWeight } from "./weights.ts";

interface Reference {
  readonly parameters: number;
  readonly input: number[];
  readonly outputs: number[];
}

/** Written by keras_zoo.py with the versions of requirements.txt. */
export const keras = (
  JSON.parse(readFileSync(new URL("keras-zoo.json", import.meta.url), "utf8")) as {
    networks: Readonly<Record<string, Reference>>;
  }
).networks;

/** Too slow for every test run: compared in test/e2e. */
export const largeNetworks = ["vgg19", "resnet152v2", "densenet169", "densenet201", "lstm head", "c3d head"];

/** What one entry of the reference computes, drawn by us. */
export function drawing(name: string): Drawing {
  const seed = 1;
  if (name === "mlp head") return zooNetwork("vgg16").head.draw(seed);
  if (name.endsWith(" head")) return zooNetwork(name.replace(" head", "")).head.draw(seed);
  const { backbone } = zooNetwork(name);
  if (!backbone) throw new Error(`${name} has no backbone`);
  return backbone;
}

/** Sets Keras's weights and compares up to 16 outputs, within 0.2 % of the largest. */
export function compareWithKeras(name: string): void {
  const { input, outputs } = keras[name] as Reference;
  const model = drawModel(input, drawing(name));
  for (const weight of model.weights) {
    const shape = weight.shape as number[];
    const value = tf.tensor(referenceWeight(weight.originalName, shape), shape);
    (weight.read() as Variable).assign(value);
    value.dispose();
  }
  const found = tf.tidy(() => {
    const size = input.reduce((product, side) => product * side, 1);
    const y = model.apply(tf.tensor(noise("input", size), [1, ...input]), { training: false }) as Tensor;
    return (y.rank === 4 ? tf.mean(y, [1, 2]) : y).dataSync();
  });
  model.dispose();
  const step = Math.max(1, Math.floor(found.length / 16));
  const scale = Math.max(...outputs.map(Math.abs));
  expect(scale, "an output of zeros would say nothing").to.be.above(0);
  for (const [place, expected] of outputs.entries()) {
    expect(found[place * step], `output ${place}`).to.be.closeTo(expected, 2e-3 * scale);
  }
}
