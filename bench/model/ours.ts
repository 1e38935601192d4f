// Our side of the comparison, in a process of its own, with the words of test/model/reference/network.py.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Tensor, Tensor1D } from "@tensorflow/tfjs-node-gpu";
import { createNetwork } from "../../model/network/network.ts";
import { tf } from "../../model/tensorflow/tensorflow.ts";
import { infer } from "../../model/training/infer.ts";
import { createTrainingStep } from "../../model/training/training-step.ts";
import { encodeSafetensors, type NamedTensor } from "../../protocol/format/safetensors.ts";
import { modelSpecOf, type Side } from "./side.ts";

const [specFile = "", weightsFile = "", outFile = ""] = process.argv.slice(2);
const side = JSON.parse(readFileSync(specFile, "utf8")) as Side;
const network = createNetwork(modelSpecOf(side), 1);
writeFileSync(weightsFile, encodeSafetensors([...network.variables].map(([name, value]) => named(name, value))));

const { scans, slices, side: width, channels } = side;
const pixels = Float32Array.from({ length: scans * slices * width * width * channels }, (_, i) => {
  return ((i * 7919) % 1009) / 1009;
});
const x = tf.tensor5d(pixels, [scans, slices, width, width, channels]);
const targets = tf.tensor2d(Array.from({ length: scans }, (_, i) => (i % 2 ? [0, 1] : [1, 0])));
const weights = tf.ones([scans]) as Tensor1D;
const optimiser = { name: "sgd", learningRate: 0.01, momentum: 0.9, nesterov: true } as const;
const training = createTrainingStep(network, { optimiser, proximalMu: 0 }, optimiser.learningRate);
const lengthsOf = () => tf.tidy(() => infer(network, x).dataSync());
const step = () => tf.tidy(() => training.run({ x, targets, weights }));

function named(name: string, tensor: Tensor): NamedTensor {
  return { name, dtype: "F32", shape: tensor.shape, data: tensor.dataSync() as Float32Array };
}

const lengths: NamedTensor = { name: "lengths", dtype: "F32", shape: [scans, 2], data: lengthsOf() as Float32Array };
const loss: NamedTensor = { name: "loss", dtype: "F32", shape: [1], data: Float32Array.of(step()) };
// After the first step the velocity is the gradient.
const slopes = [...training.optimiser.moments].map(([name, value]) => named(name.replace("velocity/", "d/"), value));
const moved = [...training.trainable].map(([name, variable]) => named(`w/${name}`, variable));
writeFileSync(outFile, encodeSafetensors([lengths, loss, ...slopes, ...moved]));
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [kind, count] = line.split(" ");
  const work = kind === "step" ? step : lengthsOf;
  const taken = Array.from({ length: Number(count) }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  console.log(JSON.stringify(taken));
}
console.log(process.resourceUsage().maxRSS * 1024);
