// One step of training as one graph: forward, loss, gradients, optimiser.
import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor5D } from "@tensorflow/tfjs-node-gpu";
import type { TrainingSpec } from "../../protocol/format/model-spec.ts";
import type { Network } from "../network/network.ts";
import { type NamedVariables, trainableOf } from "../network/weights.ts";
import { copy, halfSquaredNorm } from "../tensorflow/fused-kernels.ts";
import { compile } from "../tensorflow/graph/compile.ts";
import { compiled } from "../tensorflow/graph/compiled.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import { type AdjustGradient, createOptimiser, type Optimiser } from "./optimisers.ts";

export interface Batch {
  /** [n, slices, h, w, c] in [0, 1]. */
  readonly x: Tensor5D;
  /** One-hot [n, 2]. */
  readonly targets: Tensor2D;
  /** Of each scan in the loss [n]. */
  readonly weights: Tensor1D;
  /** Which slices count [n, slices]; all where it is absent. */
  readonly counts?: Tensor2D | undefined;
}

export interface TrainingStep {
  readonly trainable: NamedVariables;
  readonly optimiser: Optimiser;
  /**
   * Call within tf.tidy.
   * @returns the batch's loss before the step; NaN if it or a gradient is not finite, and then nothing changes
   */
  run(batch: Batch): number;
  gradients(batch: Batch): { readonly value: Scalar; readonly grads: Readonly<Record<string, Tensor>> };
  dispose(): void;
}

/**
 * @param learningRate of this round, after the schedule
 * @param correction added to the gradient of each variable, by name; zero where it has none
 */
export function createTrainingStep(
  network: Network,
  { optimiser: spec, proximalMu: mu }: Pick<TrainingSpec, "optimiser" | "proximalMu">,
  learningRate: number,
  correction?: ReadonlyMap<string, Float32Array>,
): TrainingStep {
  const trainable = trainableOf(network.variables);
  const optimiser = createOptimiser(spec, learningRate, trainable);
  const base = mu > 0 ? [...trainable.values()].map(copy) : [];
  const shifts = correction
    ? [...trainable].map(([name, { shape }]) =>
        tf.tensor(correction.get(name) ?? new Float32Array(tf.util.sizeFromShape(shape)), shape),
      )
    : [];
  const adjust: AdjustGradient = (gradient, variable, place) => {
    // FedProx (Li et al. 2020) adds mu (w - base), SCAFFOLD (Karimireddy et al. 2020) c - c_i.
    const held = mu > 0 ? gradient.add(variable.sub(base[place]!).mul(mu)) : gradient;
    return correction ? held.add(shifts[place]!) : held;
  };
  const gradients: TrainingStep["gradients"] = ({ x, targets, weights, counts }) =>
    tf.variableGrads(() => network.loss(x, targets, weights, counts), [...trainable.values()]);
  const { name, ...rest } = { ...spec, learningRate: undefined };
  return {
    trainable,
    optimiser,
    gradients,
    run(batch) {
      const rate = tf.scalar(optimiser.advance());
      const { x, targets, weights, counts } = batch;
      const inputs = [x, targets, weights, rate, ...(counts ? [counts] : []), ...base, ...shifts];
      const variables = [...network.variables.values(), ...optimiser.moments.values()];
      const key = JSON.stringify([
        "step",
        network.spec,
        name,
        rest,
        mu,
        shifts.length > 0,
        x.shape,
        ...(counts ? ["counts"] : []),
      ]);
      const step = () => {
        const { value, grads } = gradients(batch);
        optimiser.move(grads, rate, mu > 0 || correction ? adjust : undefined);
        // oneDNN's fused relu turns NaN into 0, so the loss alone does not show it.
        return [value, tf.addN(Object.values(grads).map(halfSquaredNorm))];
      };
      const { outputs, assign } = compiled(key, () => compile(step, inputs, variables)).run(inputs, variables);
      const [loss, squares] = outputs.map((output) => output.dataSync()[0]) as [number, number];
      if (!Number.isFinite(loss + squares)) return Number.NaN;
      assign();
      return loss;
    },
    dispose() {
      optimiser.dispose();
      tf.dispose([...base, ...shifts]);
    },
  };
}
