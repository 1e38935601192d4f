// Initial weights of a comparison network: the same for the same seed on every machine.
import type { LayersModel, Variable } from "@tensorflow/tfjs-node-gpu";
import { seededIntegers } from "../../foundation/random.ts";
import { tf } from "../tensorflow/tensorflow.ts";

/** Uniform in +-sqrt(6 / fanIn) (He 2015), recurrent weights in half of that variance; biases and norms as tfjs sets them. */
export function setInitialWeights(model: LayersModel, seed: number, purpose: string): void {
  for (const [name, variable] of variablesOf(model, purpose)) {
    if (!name.endsWith("kernel")) continue;
    const { shape } = variable;
    const inputs = name.endsWith("depthwise_kernel") ? shape.slice(0, 2) : shape.slice(0, -1);
    const fanIn = inputs.reduce((product, side) => product * side, 1);
    const limit = Math.sqrt((name.includes("lstm") ? 3 : 6) / fanIn);
    const next = seededIntegers(seed, "initial-weights", name);
    const values = new Float32Array(variable.size);
    for (let i = 0; i < values.length; i++) values[i] = (next() / 2 ** 31 - 1) * limit;
    const value = tf.tensor(values, shape);
    variable.assign(value);
    value.dispose();
  }
}

/** Trainable variables by layer and weight, `conv1/kernel`, under a prefix. */
export function variablesOf(model: LayersModel, prefix: string): Map<string, Variable> {
  // tfjs-layers makes names unique in the process by a suffix; the original name is unique in the model.
  return new Map(
    model.trainableWeights.map((weight) => [`${prefix}/${weight.originalName}`, weight.read() as Variable]),
  );
}
