// The training loop of the comparison networks: cross-entropy, as the source work compiled them; seeded, one event a step.
import { FedError } from "../../foundation/errors.ts";
import { seededIntegers } from "../../foundation/random.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import { loadBatch } from "../training/batch.ts";
import { createOptimiser } from "../training/optimisers.ts";
import { shuffled } from "../training/shuffled.ts";
import type { TrainEvent } from "../training/train.ts";
import type { TrainingSet } from "../training/training-set.ts";
import type { ZooModel } from "./zoo-model.ts";

export interface ZooTraining {
  readonly epochs: number;
  /** Scans a step. */
  readonly batchSize: number;
  /** Of Adam. */
  readonly learningRate: number;
  readonly augmentation: boolean;
  /** Whether every second scan on average is mirrored left to right. */
  readonly mirror?: boolean;
  readonly seed: number;
}

/**
 * Trains in place. Both classes weigh the same in the loss, whatever their numbers.
 * @throws NO_TRAINING_SCANS, LOSS_NOT_FINITE, DATA_SHAPE_MISMATCH; ABORTED
 */
export async function* trainZoo(
  model: ZooModel,
  data: TrainingSet,
  { epochs, batchSize, learningRate, augmentation, mirror, seed }: ZooTraining,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<Omit<TrainEvent, "checkpoint">> {
  const count = data.scans.length;
  if (count === 0) throw new FedError("NO_TRAINING_SCANS", {}, { remedy: "import labelled scans first" });
  const next = seededIntegers(seed, "train-zoo");
  const optimiser = createOptimiser({ name: "adam", learningRate }, learningRate, model.trainable);
  const ofClass = (label: 0 | 1) => data.scans.filter((scan) => scan.label === label).length;
  const weights = ([0, 1] as const).map((label) => count / (2 * Math.max(1, ofClass(label))));
  const steps = epochs * Math.ceil(count / batchSize);
  let step = 0;
  try {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const order = shuffled([...data.scans.keys()], next);
      for (let at = 0; at < count; at += batchSize) {
        if (signal?.aborted) throw new FedError("ABORTED", { step }, { cause: signal.reason });
        step++;
        const batch = order.slice(at, at + batchSize);
        // A slice network takes the scan's label for every slice, as in the paper's comparison.
        const labels = batch.flatMap((index) =>
          new Array<number>(model.rowsPerScan).fill(data.scans[index]?.label ?? 0),
        );
        const loss = tf.tidy(() => {
          const x = loadBatch(data, batch, model.input, { next, pixels: augmentation, mirror });
          const targets = tf.oneHot(tf.tensor1d(labels, "int32"), 2);
          const rowWeights = tf.tensor1d(labels.map((label) => weights[label]!));
          const { value, grads } = tf.variableGrads(
            () => tf.losses.softmaxCrossEntropy(targets, model.logits(x, { training: true }), rowWeights).asScalar(),
            [...model.trainable.values()],
          );
          const loss = value.dataSync()[0]!;
          if (!Number.isFinite(loss)) {
            const remedy = "lower the learning rate";
            throw new FedError("LOSS_NOT_FINITE", { network: model.network.name, step, loss }, { remedy });
          }
          optimiser.move(grads, tf.scalar(optimiser.advance()));
          return loss;
        });
        yield { step, steps, epoch, loss };
        await new Promise(setImmediate); // lets abort events arrive
      }
    }
  } finally {
    optimiser.dispose();
  }
}
