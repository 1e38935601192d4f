// SGD with (Nesterov) momentum, and Adam, of operations that can be compiled into a graph with the rest of a training step,
// and with a state that can be saved and restored.
import type { Scalar, Tensor, Variable } from "@tensorflow/tfjs-node-gpu";
import type { TrainingSpec } from "../../protocol/format/model-spec.ts";
import type { NamedVariables } from "../network/weights.ts";
import { tf } from "../tensorflow/tensorflow.ts";

/** Changes the gradient of the variable at a place in the order of the variables, before the optimiser sees it. */
export type AdjustGradient = (gradient: Tensor, variable: Variable, place: number) => Tensor;

export interface Optimiser {
  /** State between steps, zero at first; with it and the number of steps another optimiser continues to the same bits. */
  readonly moments: NamedVariables;
  readonly steps: number;
  /** Counts a step and returns its learning rate. */
  advance(): number;
  /** Moves each variable by its gradient, named by its TensorFlow name; variables without a gradient stay. */
  move(gradients: Readonly<Record<string, Tensor>>, rate: Scalar, adjust?: AdjustGradient): void;
  /** Continues after that many steps. */
  resume(steps: number): void;
  dispose(): void;
}

const beta1 = 0.9; // Kingma and Ba 2015
const beta2 = 0.999;
const epsilon = 1e-7;

/** @param learningRate of this round, after the schedule */
export function createOptimiser(
  spec: TrainingSpec["optimiser"],
  learningRate: number,
  variables: NamedVariables,
): Optimiser {
  const kinds = spec.name === "adam" ? ["first", "second"] : spec.momentum > 0 ? ["velocity"] : [];
  const moments = new Map<string, Variable>();
  for (const [name, variable] of variables) {
    for (const kind of kinds) {
      moments.set(
        `${kind}/${name}`,
        tf.tidy(() => tf.keep(tf.variable(tf.zerosLike(variable), false))),
      );
    }
  }
  /** Updates a moment. */
  const update = (key: string, next: (before: Variable) => Tensor): Tensor => {
    const moment = moments.get(key)!;
    const after = next(moment);
    moment.assign(after);
    return after;
  };
  const moveOf = (name: string, gradient: Tensor, rate: Scalar): Tensor => {
    if (spec.name === "sgd") {
      const { momentum, nesterov } = spec;
      if (momentum === 0) return gradient.mul(rate);
      const velocity = update(`velocity/${name}`, (before) => before.mul(momentum).add(gradient));
      return (nesterov ? velocity.mul(momentum).add(gradient) : velocity).mul(rate);
    }
    const first = update(`first/${name}`, (before) => before.mul(beta1).add(gradient.mul(1 - beta1)));
    const second = update(`second/${name}`, (before) => before.mul(beta2).add(gradient.square().mul(1 - beta2)));
    return first.mul(rate).div(second.sqrt().add(epsilon));
  };
  let steps = 0;
  return {
    moments,
    get steps() {
      return steps;
    },
    advance() {
      steps++;
      if (spec.name === "sgd") return learningRate;
      return (learningRate * Math.sqrt(1 - beta2 ** steps)) / (1 - beta1 ** steps);
    },
    move(gradients, rate, adjust) {
      tf.tidy(() => {
        for (const [place, [name, variable]] of [...variables].entries()) {
          const plain = gradients[variable.name];
          if (plain === undefined) continue;
          const gradient = adjust ? adjust(plain, variable, place) : plain;
          variable.assign(variable.sub(moveOf(name, gradient, rate)));
        }
      });
    },
    resume(done) {
      steps = done;
    },
    dispose() {
      for (const moment of moments.values()) moment.dispose();
      moments.clear();
    },
  };
}

/**
 * How far a constant gradient of 1 moves a weight in so many steps: K lr for plain SGD, and more with momentum (the sum of
 * the weights of all gradients, Wang et al. 2020, "FedNova", section 4). Undefined for Adam, which is not linear.
 */
export function unitMove(spec: TrainingSpec["optimiser"], learningRate: number, steps: number): number | undefined {
  if (spec.name !== "sgd") return undefined;
  let velocity = 0;
  let moved = 0;
  for (let step = 0; step < steps; step++) {
    velocity = spec.momentum * velocity + 1;
    moved += spec.nesterov ? spec.momentum * velocity + 1 : velocity;
  }
  return learningRate * moved;
}
