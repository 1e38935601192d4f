// One step of SGD with (Nesterov) momentum or of Adam. All small weights are one vector here: a few operations a step, not
// a dozen a tensor, and a state that is easily kept and restored.
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
    proximal?: { readonly mu: number; readonly base: readonly Tensor1D[] },
  ): void;
  /** Steps taken, and the moments in the order of the variables; with them another optimiser goes on to the same bits. */
  state(): { readonly steps: number; readonly moments: NamedTensor[] };
  restore(state: ReturnType<Optimiser["state"]>): void;
  dispose(): void;
}

const beta1 = 0.9; // Kingma and Ba 2015
const beta2 = 0.999;
const epsilon = 1e-7;

/** Tensors from this many values on stand alone: joining them would cost more than it saves. */
const largeSize = 2 ** 14;

/** The variables as the optimiser joins them: all small ones, then each large one. */
function groupsOf(variables: ReadonlyMap<string, Variable>): Variable[][] {
  const all = [...variables.values()];
  const small = all.filter(({ size }) => size < largeSize);
  return [...(small.length > 0 ? [small] : []), ...all.filter(({ size }) => size >= largeSize).map((large) => [large])];
}

function join(tensors: readonly Tensor[]): Tensor1D {
  const rows = tensors.map((tensor) => tensor.reshape([-1]) as Tensor1D);
  return rows.length === 1 ? (rows[0] as Tensor1D) : tf.concat1d(rows);
}

/** The weights as they are now, joined as the optimiser joins them; the caller's to dispose. */
export function joinWeights(variables: ReadonlyMap<string, Variable>): Tensor1D[] {
  return tf.tidy(() => groupsOf(variables).map(join));
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
  const moveOf = (gradient: Tensor, group: number): Tensor => {
    if (spec.name === "sgd") {
      const { momentum, nesterov } = spec;
      if (momentum === 0) return gradient.mul(learningRate);
      const velocity = update(`velocity/${group}`, gradient, (before) => before.mul(momentum).add(gradient));
      return (nesterov ? velocity.mul(momentum).add(gradient) : velocity).mul(learningRate);
    }
    const first = update(`first/${group}`, gradient, (before) => before.mul(beta1).add(gradient.mul(1 - beta1)));
    const second = update(`second/${group}`, gradient, (before) =>
      before.mul(beta2).add(gradient.square().mul(1 - beta2)),
    );
    const rate = (learningRate * Math.sqrt(1 - beta2 ** steps)) / (1 - beta1 ** steps);
    return first.mul(rate).div(second.sqrt().add(epsilon));
  };
  return {
    step(variables, gradients, proximal) {
      steps++;
      tf.tidy(() => {
        for (const [at, group] of groupsOf(variables).entries()) {
          const weights = join(group);
          let gradient: Tensor = join(group.map((variable) => gradients[variable.name] ?? tf.zerosLike(variable)));
          if (proximal) gradient = gradient.add(weights.sub(proximal.base[at] as Tensor1D).mul(proximal.mu));
          const moved = weights.sub(moveOf(gradient, at));
          const sizes = group.map(({ size }) => size);
          const parts = group.length === 1 ? [moved] : tf.split(moved, sizes);
          for (const [i, variable] of group.entries()) variable.assign((parts[i] as Tensor).reshape(variable.shape));
        }
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
