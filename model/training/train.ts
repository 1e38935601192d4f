// The training loop: seeded order, one event a step; a signal or a loss that is not finite stops it at once.
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-node-gpu";
import { FedError } from "../../foundation/errors.ts";
import { sha256 } from "../../foundation/sha256.ts";
import { canonicalBytes } from "../../protocol/format/canonical.ts";
import type { TrainingSpec } from "../../protocol/format/model-spec.ts";
import type { Network } from "../network/network.ts";
import { tf } from "../tensorflow/tensorflow.ts";
import { batchTensor, countedPlaces, readScans } from "./batch.ts";
import { placesFor } from "./batch-pixels.ts";
import { encodeCheckpoint, restoreCheckpoint } from "./checkpoint.ts";
import { makeBatch, oneAhead } from "./next-batch.ts";
import { stepCount, stepsOf } from "./training-order.ts";
import type { TrainingSet } from "./training-set.ts";
import { type Batch, createTrainingStep, type TrainingStep } from "./training-step.ts";

export interface TrainEvent {
  /** From 1. */
  readonly step: number;
  readonly steps: number;
  readonly epoch: number;
  /** Of this step's batch, before the step. */
  readonly loss: number;
  /** A checkpoint after this step, for `resume`; call it before the next step. */
  checkpoint(): Uint8Array;
}

export interface TrainOptions extends TrainingSpec {
  /** 32-bit: decides order, sampling and augmentation. */
  readonly seed: number;
  /** Progress of the schedule: 0 at the plan's first round, 1 at its end. */
  readonly progress?: number;
  /** Identifies what else the training depends on, base model and scans; a checkpoint of another one is refused. */
  readonly identity?: string;
  /** Added to the gradient of each variable, by name (SCAFFOLD); `identity` must name what it came from. */
  readonly correction?: ReadonlyMap<string, Float32Array> | undefined;
  /** A checkpoint of the same training: same network, base, scans and options. */
  readonly resume?: Uint8Array;
}

/**
 * Trains the network in place. The same seed, scans and starting weights give the same bits on the same machine.
 * @throws NO_TRAINING_SCANS, CHECKPOINT_MISMATCH, LOSS_NOT_FINITE, DATA_SHAPE_MISMATCH, ABORTED
 */
export async function* train(
  network: Network,
  data: TrainingSet,
  options: TrainOptions,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<TrainEvent> {
  const count = data.scans.length;
  if (count === 0) throw new FedError("NO_TRAINING_SCANS", {}, { remedy: "import labelled scans first" });
  const input = { ...network.spec.input, slices: placesFor(data.scans, network.spec.input.slices) };
  const weightOf = classWeights(data, options.classWeights);
  const training = createTrainingStep(network, options, scheduledRate(options), options.correction);
  const { optimiser } = training;
  const steps = stepCount(count, options);
  const run = runName(options, count);
  let step = 0;
  try {
    step = options.resume ? restoreCheckpoint(options.resume, network, optimiser, run) : 0;
    const ahead = oneAhead(stepsOf(data.scans, options, step), async ({ step, places }) =>
      makeBatch(readScans(data, places, input), input, {
        seed: options.seed,
        step,
        augmentation: options.augmentation,
        mirror: network.spec.mirror,
      }),
    );
    for await (const [{ step: now, epoch, places }, pixels] of ahead) {
      if (signal?.aborted) throw new FedError("ABORTED", { step }, { cause: signal.reason });
      step = now;
      const labels = places.map((index) => data.scans[index]?.label ?? 0);
      const loss = tf.tidy(() => {
        const x = batchTensor(pixels, input);
        const targets = tf.oneHot(tf.tensor1d(labels, "int32"), 2).toFloat() as Tensor2D;
        const counts = countedPlaces(
          places.map((index) => data.scans[index]!),
          input.slices,
        );
        const batch = { x, targets, weights: tf.tensor1d(labels.map(weightOf)), counts };
        const loss = training.run(batch);
        if (!Number.isFinite(loss)) throw notFinite(step, loss, training, batch);
        return loss;
      });
      yield { step, steps, epoch, loss, checkpoint: () => encodeCheckpoint(network, optimiser, run) };
      await new Promise(setImmediate); // lets abort events arrive
    }
    for (const [name, variable] of network.variables) {
      if (!tf.tidy(() => tf.isFinite(variable).all().dataSync()[0])) {
        throw new FedError("LOSS_NOT_FINITE", { step, layer: name }, { remedy: "lower the learning rate" });
      }
    }
  } finally {
    training.dispose();
  }
}

/** Identifies a training for its checkpoints: everything that decides a step except the weights. */
function runName({ resume: _, correction: __, ...options }: TrainOptions, scans: number): string {
  return Buffer.from(sha256(canonicalBytes({ ...options, scans }))).toString("hex");
}

/** The learning rate of a round. */
export function scheduledRate({
  optimiser: { learningRate },
  schedule,
  progress = 0,
}: Pick<TrainOptions, "optimiser" | "schedule" | "progress">): number {
  return schedule === "constant" ? learningRate : (learningRate * (1 + Math.cos(Math.PI * progress))) / 2;
}

/** Inverse class frequency, with mean 1 over the scans. */
function classWeights({ scans }: TrainingSet, weigh: boolean): (label: number) => number {
  const positives = scans.filter(({ label }) => label === 1).length;
  if (!weigh || positives === 0 || positives === scans.length) return () => 1;
  return (label) => scans.length / (2 * (label === 1 ? positives : scans.length - positives));
}

function notFinite(step: number, loss: number, { trainable, gradients }: TrainingStep, batch: Batch): FedError {
  const bad = (tensor: Tensor | undefined) => tensor !== undefined && !tf.isFinite(tensor).all().dataSync()[0];
  const { grads } = gradients(batch);
  const layer =
    [...trainable].find(([, variable]) => bad(variable)) ?? [...trainable].find(([, { name }]) => bad(grads[name]));
  const remedy = "lower the learning rate, or look for pixels that are no numbers";
  return new FedError("LOSS_NOT_FINITE", { step, loss, layer: layer?.[0] }, { remedy });
}
