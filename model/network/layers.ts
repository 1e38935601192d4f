// Building blocks of extractors: named variables, and convolution, normalisation and relu as one unit.
import type { Tensor, Tensor1D, Tensor4D, Variable } from "@tensorflow/tfjs-node-gpu";
import { seededIntegers } from "../../foundation/random.ts";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";
import { addBias, batchNorm, frozenBatchNorm, relu } from "../tensorflow/fused-kernels.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import { groupNorm } from "./group-norm.ts";

/** Decay of batch norm's moving moments: below the usual 0.99, since a hospital makes few steps a round. */
const movingMomentum = 0.9;
/** Channels of a group in group norm. */
const groupSize = 8;

/** Creates each variable when the network's code first names it, and returns it in later passes. */
export class Variables {
  readonly all = new Map<string, Variable>();
  readonly localNames = new Set<string>();
  readonly normalisation: ModelSpec["normalisation"];
  readonly #seed: number;

  constructor(normalisation: ModelSpec["normalisation"], seed: number) {
    this.normalisation = normalisation;
    this.#seed = seed;
  }

  /** Uniform in +-sqrt(6 / fanIn) (He 2015): square roots only, so that every machine begins with the same bits. */
  weights(name: string, shape: number[], fanIn: number): Variable {
    return this.#variable(name, () => {
      const next = seededIntegers(this.#seed, "initial-weights", name);
      const limit = Math.sqrt(6 / fanIn);
      const count = shape.reduce((product, side) => product * side, 1);
      const values = Float32Array.from({ length: count }, () => (next() / 2 ** 31 - 1) * limit);
      return { value: tf.tensor(values, shape), trainable: true };
    });
  }

  constant(name: string, size: number, fill: number, { local = false, trainable = true } = {}): Variable {
    if (local) this.localNames.add(name);
    return this.#variable(name, () => ({ value: tf.fill([size], fill), trainable }));
  }

  #variable(name: string, create: () => { value: Tensor; trainable: boolean }): Variable {
    let variable = this.all.get(name);
    if (variable === undefined) {
      const { value, trainable } = create();
      // TensorFlow's names are unique in the process; ours are unique in a network.
      variable = tf.keep(tf.variable(value, trainable));
      this.all.set(name, variable);
    }
    return variable;
  }
}

export interface UnitOptions {
  readonly strides?: 1 | 2;
  readonly padding?: "same" | "valid";
}

/** x [n, h, w, c] -> relu(norm(convolution)) [n, h', w', filters]. */
export type Unit = (
  name: string,
  x: Tensor4D,
  filters: number,
  kernel: [number, number],
  options?: UnitOptions,
) => Tensor4D;

export function convolutionUnit(variables: Variables, training: boolean): Unit {
  return (name, x, filters, [height, width], { strides = 1, padding = "same" } = {}) => {
    const channels = x.shape[3];
    const shape = [height, width, channels, filters];
    const kernel = variables.weights(`${name}/kernel`, shape, height * width * channels);
    // Tidied after each unit to save memory: what the gradient needs is kept in any case.
    return tf.tidy(() => {
      const y = tf.conv2d(x, kernel as unknown as Tensor4D, strides, padding);
      return relu(normalise(variables, name, y, training));
    });
  };
}

function normalise(variables: Variables, name: string, x: Tensor4D, training: boolean): Tensor4D {
  const channels = x.shape[3];
  if (variables.normalisation === "none") {
    return addBias(x, variables.constant(`${name}/bias`, channels, 0) as unknown as Tensor1D);
  }
  if (variables.normalisation === "group") {
    const gamma = variables.constant(`${name}/gamma`, channels, 1) as unknown as Tensor1D;
    const beta = variables.constant(`${name}/beta`, channels, 0) as unknown as Tensor1D;
    return groupNorm(x, gamma, beta, channels % groupSize === 0 ? groupSize : channels);
  }
  // FedBN (Li 2021): everything of batch norm stays at the hospital. No gamma, as in Keras's Inception V3.
  const beta = variables.constant(`${name}/beta`, channels, 0, { local: true }) as unknown as Tensor1D;
  const mean = variables.constant(`${name}/mean`, channels, 0, { local: true, trainable: false });
  const variance = variables.constant(`${name}/variance`, channels, 1, { local: true, trainable: false });
  const gamma = tf.ones([channels]) as Tensor1D;
  if (!training) return frozenBatchNorm(x, gamma, beta, mean as unknown as Tensor1D, variance as unknown as Tensor1D);
  const normed = batchNorm(x, gamma, beta);
  for (const [kept, now] of [
    [mean, normed.mean],
    [variance, normed.variance],
  ] as const) {
    kept.assign(tf.tidy(() => kept.mul(movingMomentum).add(now.mul(1 - movingMomentum))));
    now.dispose();
  }
  return normed.y;
}
