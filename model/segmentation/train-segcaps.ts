// The training loop of the segmentation: random slices of scans with exact masks, Dice loss, one event a step.
import type { Tensor4D } from "@tensorflow/tfjs-node-gpu";
import { FedError } from "../../foundation/errors.ts";
import { seededIntegers } from "../../foundation/random.ts";
import { compile, type Graph } from "../tensorflow/graph/compile.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import { createOptimiser } from "../training/optimisers.ts";
import { diceLoss } from "./dice.ts";
import { type SegCaps, segmentClasses } from "./segcaps.ts";
import type { SegmentationSet } from "./segmentation-set.ts";

export interface SegmentationTraining {
  readonly steps: number;
  /** Slices a step. */
  readonly batchSize: number;
  /** Of Adam in the first third of the steps; halved in the second, and again in the last. */
  readonly learningRate: number;
  readonly seed: number;
}

export interface SegmentationEvent {
  /** From 1. */
  readonly step: number;
  readonly steps: number;
  /** Of this step's batch, before the step: 1 - Dice. */
  readonly loss: number;
}

/**
 * Trains in place, on the first channel.
 * @throws NO_TRAINING_SCANS, DATA_SHAPE_MISMATCH, LOSS_NOT_FINITE; ABORTED
 */
export async function* trainSegCaps(
  model: SegCaps,
  data: SegmentationSet,
  { steps, batchSize, learningRate, seed }: SegmentationTraining,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<SegmentationEvent> {
  const { height, width } = data;
  if (data.scans.length === 0) throw new FedError("NO_TRAINING_SCANS", {}, { remedy: "take more synthetic patients" });
  if (height !== model.side || width !== model.side) {
    const remedy = "synthesise the slices at the network's own side";
    throw new FedError("DATA_SHAPE_MISMATCH", { height, width, side: model.side }, { remedy });
  }
  const next = seededIntegers(seed, "train-segcaps");
  const optimiser = createOptimiser({ name: "adam", learningRate }, learningRate, model.variables);
  const variables = [...model.variables.values(), ...optimiser.moments.values()];
  let graph: Graph | undefined;
  try {
    for (let step = 1; step <= steps; step++) {
      if (signal?.aborted) throw new FedError("ABORTED", { step }, { cause: signal.reason });
      const part = 2 ** -Math.min(2, Math.floor((3 * (step - 1)) / steps));
      const loss = tf.tidy(() => {
        const { x, targets } = drawSlices(data, batchSize, next);
        const rate = tf.scalar(optimiser.advance() * part);
        graph ??= compile(
          () => {
            const { value, grads } = tf.variableGrads(
              () => diceLoss(model.forward(x), targets),
              [...model.variables.values()],
            );
            optimiser.move(grads, rate);
            return [value];
          },
          [x, targets, rate],
          variables,
        );
        const { outputs, assign } = graph.run([x, targets, rate], variables);
        const loss = outputs[0]!.dataSync()[0]!;
        if (!Number.isFinite(loss))
          throw new FedError("LOSS_NOT_FINITE", { step, loss }, { remedy: "lower the learning rate" });
        assign();
        return loss;
      });
      yield { step, steps, loss };
      await new Promise(setImmediate); // lets abort events arrive
    }
  } finally {
    graph?.dispose();
    optimiser.dispose();
  }
}

/** x [n, h, w, 1] in [0, 1], and the classes of its pixels, one-hot [n, h, w, 3]. */
function drawSlices(data: SegmentationSet, n: number, next: () => number): { x: Tensor4D; targets: Tensor4D } {
  const { height, width, channels } = data;
  const area = height * width;
  const pixels = new Float32Array(n * area);
  const classes = new Int32Array(n * area);
  for (let place = 0; place < n; place++) {
    const index = next() % data.scans.length;
    const slice = next() % (data.scans[index]?.slices ?? 1);
    const bytes = data.read(index);
    const { lung, lesion } = data.masks(index);
    for (let p = 0; p < area; p++) {
      const voxel = slice * area + p;
      pixels[place * area + p] = bytes[voxel * channels]! / 255;
      classes[place * area + p] = lesion[voxel] ? 2 : lung[voxel]!;
    }
  }
  const targets = tf.oneHot(tf.tensor(classes, [n, height, width], "int32"), segmentClasses.length).toFloat();
  return { x: tf.tensor4d(pixels, [n, height, width, 1]), targets: targets as Tensor4D };
}
