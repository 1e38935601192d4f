// A network of one hidden layer, trained by stochastic gradient descent, whose federation takes milliseconds.

import { seededIntegers } from "../../foundation/random.ts";
import { encodeSafetensors, type NamedTensor } from "../../protocol/format/safetensors.ts";
import { features, type Scan } from "./lung-histograms.ts";
import type { Weights } from "./weight-vector.ts";

const hidden = 32;
export const learningRate = 0.02;

/** Tensors in file order: hidden/bias [32], hidden/kernel [features, 32], output/bias [1], output/kernel [32]. */
const shapes = {
  "hidden/bias": [hidden],
  "hidden/kernel": [features, hidden],
  "output/bias": [1],
  "output/kernel": [hidden],
};
export const parameters = hidden + features * hidden + 1 + hidden;

export function initialWeights(seed: number): Weights {
  const next = seededIntegers("small network", seed);
  const weights = new Float32Array(parameters);
  const { kernel, output } = parts(weights);
  const fill = (tensor: Float32Array, scale: number) => {
    for (let i = 0; i < tensor.length; i++) tensor[i] = (next() / 2 ** 31 - 1) * scale;
  };
  fill(kernel, Math.sqrt(3 / features));
  fill(output, Math.sqrt(3 / hidden));
  return weights;
}

/** The weights as a model's file. */
export function weightsFile(weights: Weights): Uint8Array {
  let start = 0;
  const tensors = tensorsOf().map(({ name, shape, length }): NamedTensor => {
    const data = weights.slice(start, start + length);
    start += length;
    return { name, dtype: "F32", shape, data };
  });
  return encodeSafetensors(tensors);
}

/** The tensors in file order, which is the order of the weights. */
export function tensorsOf(): { readonly name: string; readonly shape: readonly number[]; readonly length: number }[] {
  return Object.entries(shapes).map(([name, shape]) => {
    return { name, shape, length: shape.reduce((product, side) => product * side, 1) };
  });
}

/** The score of the positive class, 0 to 1. */
export function predict(weights: Weights, { input }: Scan): number {
  return forward(weights, input).score;
}

export interface SmallTraining {
  readonly epochs: number;
  /** FedProx's mu. */
  readonly mu?: number;
  /** Added to every gradient, as SCAFFOLD does. */
  readonly correction?: Weights | undefined;
}

/** New weights after some epochs over the scans, in their order, one scan a step. */
export function train(before: Weights, scans: readonly Scan[], { epochs, mu = 0, correction }: SmallTraining): Weights {
  const weights = before.slice();
  /** Where a step began: the pull to the base is that of its gradient. */
  const here = before.slice();
  const pull = learningRate * mu;
  const { bias, kernel, output } = parts(weights);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const { input, label } of scans) {
      const { activations, score } = forward(weights, input);
      if (mu > 0) here.set(weights);
      const error = score - label; // derivative of the cross-entropy by the logit
      for (let unit = 0; unit < hidden; unit++) {
        const back = activations[unit]! > 0 ? error * output[unit]! : 0;
        output[unit] = output[unit]! - learningRate * error * activations[unit]!;
        if (back === 0) continue;
        bias[unit] = bias[unit]! - learningRate * back;
        for (let i = 0; i < features; i++) {
          const place = i * hidden + unit;
          kernel[place] = kernel[place]! - learningRate * back * input[i]!;
        }
      }
      weights[parameters - hidden - 1] = weights[parameters - hidden - 1]! - learningRate * error;
      if (mu > 0) for (let i = 0; i < parameters; i++) weights[i] = weights[i]! - pull * (here[i]! - before[i]!);
      if (correction) for (let i = 0; i < parameters; i++) weights[i] = weights[i]! - learningRate * correction[i]!;
    }
  }
  return weights;
}

/** Adds `rate` times the gradient of one scan's cross-entropy to `change`, in the order of the weights. */
export function addGradient(weights: Weights, { input, label }: Scan, rate: number, change: Float64Array): void {
  const { output } = parts(weights);
  const { activations, score } = forward(weights, input);
  const step = rate * (score - label);
  for (let unit = 0; unit < hidden; unit++) {
    const place = parameters - hidden + unit;
    change[place] = change[place]! + step * activations[unit]!;
    if (activations[unit]! === 0) continue;
    const back = step * output[unit]!;
    change[unit] = change[unit]! + back;
    for (let i = 0; i < features; i++) {
      const at = hidden + i * hidden + unit;
      change[at] = change[at]! + back * input[i]!;
    }
  }
  change[parameters - hidden - 1] = change[parameters - hidden - 1]! + step;
}

function forward(weights: Weights, input: Float64Array): { activations: Float64Array; score: number } {
  const { bias, kernel, output } = parts(weights);
  const activations = Float64Array.from(bias);
  for (let i = 0; i < features; i++) {
    const value = input[i]!;
    if (value === 0) continue;
    for (let unit = 0; unit < hidden; unit++) {
      activations[unit] = activations[unit]! + value * kernel[i * hidden + unit]!;
    }
  }
  let logit = weights[parameters - hidden - 1]!;
  for (let unit = 0; unit < hidden; unit++) {
    activations[unit] = Math.max(0, activations[unit]!);
    logit += activations[unit]! * output[unit]!;
  }
  return { activations, score: 1 / (1 + Math.exp(-logit)) };
}

function parts(weights: Weights) {
  return {
    bias: weights.subarray(0, hidden),
    kernel: weights.subarray(hidden, hidden + features * hidden),
    output: weights.subarray(parameters - hidden),
  };
}
