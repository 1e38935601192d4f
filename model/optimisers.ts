// One step of SGD with (Nesterov) momentum or of Adam, with all its state in named tensors that can be kept and restored.
import type { Tensor, Variable } from "@tensorflow/tfjs-node-gpu";
import type { TrainingSpec } from "../protocol/model-spec.ts";
import { tf } from "./tensorflow.ts";

export interface Optimiser {
  /** Moves each variable along its gradient. */
  step(variables: ReadonlyMap<string, Variable>, gradients: Readonly<Record<string, Tensor>>): void;
  dispose(): void;
}

const beta1 = 0.9; // Kingma and Ba 2015
const beta2 = 0.999;
const epsilon = 1e-7;

/** @param learningRate of this round, after the schedule. @param gradients are by the variables' TensorFlow names */
export function createOptimiser(spec: TrainingSpec["optimiser"], learningRate: number): Optimiser {
  const kept = new Map<string, Tensor>();
  let steps = 0;
  /** Replaces a state tensor, zero at first. */
  const update = (key: string, like: Tensor, next: (before: Tensor) => Tensor): Tensor => {
    const before = kept.get(key) ?? tf.zerosLike(like);
    const after = tf.keep(next(before));
    kept.get(key)?.dispose();
    kept.set(key, after);
    return after;
  };
  return {
    step(variables, gradients) {
      steps++;
      tf.tidy(() => {
        for (const [name, variable] of variables) {
          const gradient = gradients[variable.name];
          if (gradient === undefined) continue;
          let move: Tensor;
          if (spec.name === "sgd") {
            const { momentum, nesterov } = spec;
            const velocity = update(name, variable, (before) => before.mul(momentum).add(gradient));
            move = nesterov ? velocity.mul(momentum).add(gradient) : velocity;
            move = move.mul(learningRate);
          } else {
            const first = update(`${name}:1`, variable, (before) => before.mul(beta1).add(gradient.mul(1 - beta1)));
            const second = update(`${name}:2`, variable, (before) =>
              before.mul(beta2).add(gradient.square().mul(1 - beta2)),
            );
            const rate = (learningRate * Math.sqrt(1 - beta2 ** steps)) / (1 - beta1 ** steps);
            move = first.mul(rate).div(second.sqrt().add(epsilon));
          }
          variable.assign(variable.sub(move));
        }
      });
    },
    dispose() {
      for (const tensor of kept.values()) tensor.dispose();
      kept.clear();
    },
  };
}
