// Our side of the comparison, in a process of its own, with the words of test/model/reference/network.py.
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Tensor, Variable } from "@tensorflow/tfjs-node-gpu";
import { marginLoss } from "../../model/capsule/margin-loss.ts";
import { createNetwork } from "../../model/network.ts";
import { createOptimiser } from "../../model/optimisers.ts";
import { tf } from "../../model/tensorflow.ts";
import { encodeSafetensors, type NamedTensor } from "../../protocol/safetensors.ts";
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
const trainable = new Map<string, Variable>([...network.variables].filter(([, variable]) => variable.trainable));
const sgd = { name: "sgd", learningRate: 0.01, momentum: 0.9, nesterov: true } as const;
const optimiser = createOptimiser(sgd, sgd.learningRate);
const lossOf = () => marginLoss(network.forward(x, { training: true }).lengths, targets);
const gradients = () => tf.variableGrads(lossOf, [...trainable.values()]);
const infer = () => tf.tidy(() => network.forward(x, { training: false }).lengths.dataSync());
const step = () =>
  tf.tidy(() => {
    const { value, grads } = gradients();
    optimiser.step(trainable, grads);
    return value.dataSync();
  });

function named(name: string, tensor: Tensor): NamedTensor {
  return { name, dtype: "F32", shape: tensor.shape, data: tensor.dataSync() as Float32Array };
}

tf.tidy(() => {
  const lengths: NamedTensor = { name: "lengths", dtype: "F32", shape: [scans, 2], data: infer() as Float32Array };
  const { value, grads } = gradients();
  const slopes = [...trainable].map(([name, variable]) => named(`d/${name}`, grads[variable.name] as Tensor));
  step();
  const moved = [...trainable].map(([name, variable]) => named(`w/${name}`, variable));
  writeFileSync(outFile, encodeSafetensors([lengths, named("loss", value.reshape([1])), ...slopes, ...moved]));
});
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [kind, count] = line.split(" ");
  const work = kind === "step" ? step : infer;
  const taken = Array.from({ length: Number(count) }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  console.log(JSON.stringify(taken));
}
console.log(process.resourceUsage().maxRSS * 1024);
