// One step of SGD with (Nesterov) momentum or of Adam. All weights are one vector here: a few operations a step, not a
// dozen a tensor, and a state that is easily kept and restored.
import type { Tensor, Tensor1D, Variable } from "@tensorflow/tfjs-node-gpu";
import type { TrainingSpec } from "../protocol/model-spec.ts";
import type { NamedTensor } from "../protocol/safetensors.ts";
import { tf } from "./tensorflow.ts";

export interface Optimiser {
  /**
   * Moves each variable along its gradient, by its TensorFlow name; one without a gradient stays.
   * @param proximal pulls back towards the base model: mu (w - base) is added to the gradient (FedProx, Li 2020)
   */
  step(
    variables: ReadonlyMap<string, Variable>,
    gradients: Readonly<Record<string, Tensor>>,
    proximal?: { readonly mu: number; readonly base: Tensor1D },
  ): void;
  /** Steps taken, and the moments in the order of the variables; with them another optimiser goes on to the same bits. */
  state(): { readonly steps: number; readonly moments: NamedTensor[] };
  restore(state: ReturnType<Optimiser["state"]>): void;
  dispose(): void;
}

const beta1 = 0.9; // Kingma and Ba 2015
const beta2 = 0.999;
const epsilon = 1e-7;

/** Tensors of any shapes, end to end; the caller's to dispose. */
export function flatten(tensors: readonly Tensor[]): Tensor1D {
  return tf.tidy(() => tf.concat(tensors.map((tensor) => tensor.reshape([-1])))) as Tensor1D;
}

/** @param learningRate of this round, after the schedule */
export function createOptimiser(spec: TrainingSpec["optimiser"], learningRate: number): Optimiser {
  const moments = new Map<string, Tensor>();
  let steps = 0;
  /** Replaces a moment, zero at first. */
  const update = (key: string, like: Tensor, next: (before: Tensor) => Tensor): Tensor => {
    const before = moments.get(key);
    const after = tf.keep(next(before ?? tf.zerosLike(like)));
    before?.dispose();
    moments.set(key, after);
    return after;
  };
  const moveOf = (gradient: Tensor): Tensor => {
    if (spec.name === "sgd") {
      const { momentum, nesterov } = spec;
      if (momentum === 0) return gradient.mul(learningRate);
      const velocity = update("velocity", gradient, (before) => before.mul(momentum).add(gradient));
      return (nesterov ? velocity.mul(momentum).add(gradient) : velocity).mul(learningRate);
    }
    const first = update("first", gradient, (before) => before.mul(beta1).add(gradient.mul(1 - beta1)));
    const second = update("second", gradient, (before) => before.mul(beta2).add(gradient.square().mul(1 - beta2)));
    const rate = (learningRate * Math.sqrt(1 - beta2 ** steps)) / (1 - beta1 ** steps);
    return first.mul(rate).div(second.sqrt().add(epsilon));
  };
  return {
    step(variables, gradients, proximal) {
      steps++;
      tf.tidy(() => {
        const all = [...variables.values()];
        const weights = flatten(all);
        let gradient: Tensor = flatten(all.map((variable) => gradients[variable.name] ?? tf.zerosLike(variable)));
        if (proximal) gradient = gradient.add(weights.sub(proximal.base).mul(proximal.mu));
        const moved = tf.split(
          weights.sub(moveOf(gradient)),
          all.map(({ size }) => size),
        );
        for (const [at, variable] of all.entries()) variable.assign((moved[at] as Tensor).reshape(variable.shape));
      });
    },
    state: () => ({
      steps,
      moments: [...moments].map(([name, tensor]) => ({
        name,
        dtype: "F32",
        shape: tensor.shape,
        data: tensor.dataSync() as Float32Array,
      })),
    }),
    restore(state) {
      steps = state.steps;
      for (const { name, data } of state.moments) {
        moments.get(name)?.dispose();
        moments.set(name, tf.keep(tf.tensor1d(data as Float32Array)));
      }
    },
    dispose() {
      for (const tensor of moments.values()) tensor.dispose();
      moments.clear();
    },
  };
}
