// The Learner port over any data: trains and scores inside the trainer process.

import { FedError, isFedError } from "../../foundation/errors.ts";
import { deriveSeed } from "../../foundation/random.ts";
import { sha256 } from "../../foundation/sha256.ts";
import { digestFromBytes } from "../../protocol/format/digest.ts";
import type { ModelSpec } from "../../protocol/format/model-spec.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { decodeSafetensors } from "../../protocol/format/safetensors.ts";
import type { Learner, Split } from "../../protocol/learner.ts";
import type { Log } from "../../protocol/ports.ts";
import { createNetwork, type Network } from "../network/network.ts";
import { writeVariables } from "../network/weights.ts";
import { gradientCorrection } from "./control-variates.ts";
import { evaluate } from "./evaluate.ts";
import { unitMove } from "./optimisers.ts";
import { patientStep } from "./patient-step.ts";
import { scheduledRate, type TrainEvent, train } from "./train.ts";
import { stepCount } from "./training-order.ts";
import type { TrainingSet } from "./training-set.ts";

/** A hospital's shard, opened by the trainer process. */
export interface TrainingData {
  shard: Learner["shard"];
  split(plan: Plan, split: Split): Promise<TrainingSet>;
}

/** Storage of FedBN's weights between rounds; durable when the promise resolves. */
export interface LocalWeights {
  /** Of the newest round before `round`. */
  read(round: number): Promise<Uint8Array | undefined>;
  write(round: number, weights: Uint8Array): Promise<void>;
}

/** The newest checkpoint of the training in progress; durable when the promise resolves. */
export interface Checkpoints {
  /** Milliseconds between two of them. */
  readonly everyMs: number;
  read(): Promise<Uint8Array | "damaged" | undefined>;
  write(checkpoint: Uint8Array): Promise<void>;
  remove(): Promise<void>;
}

export interface TrainerOptions {
  readonly local?: LocalWeights;
  readonly checkpoints?: Checkpoints;
  /** Receives training-resumed (step), checkpoint-ignored (why) and checkpoint-not-written (error). */
  readonly log?: Pick<Log, "info" | "warn">;
}

/**
 * The first model of a plan: the same bytes on every machine.
 * @param backbone safetensors with the extractor's tensors, by our names, to begin from; its other tensors are ignored
 * @throws SAFETENSORS_MALFORMED, TENSOR_MISSING, TENSOR_SHAPE_MISMATCH
 */
export function genesisWeights(plan: Pick<Plan, "model" | "seed">, backbone?: Uint8Array): Uint8Array {
  const network = createNetwork(plan.model, deriveSeed(plan.seed, "genesis"));
  try {
    if (backbone) {
      const extractor = new Map([...network.variables].filter(([name]) => !/^(capsules|decoder)\//.test(name)));
      const { tensors } = decodeSafetensors(backbone);
      writeVariables(
        extractor,
        tensors.filter(({ name }) => extractor.has(name)),
      );
    }
    return network.getWeights();
  } finally {
    network.dispose();
  }
}

/**
 * A given model as the first model of a plan, such as one that learned from other scans: its shared tensors alone, so that a
 * server's state and what stays at a hospital are left behind.
 * @throws SAFETENSORS_MALFORMED, TENSOR_MISSING, TENSOR_UNKNOWN, TENSOR_SHAPE_MISMATCH
 */
export function givenWeights({ model }: Pick<Plan, "model">, bytes: Uint8Array): Uint8Array {
  const network = createNetwork(model);
  try {
    network.setWeights(bytes);
    return network.getWeights();
  } finally {
    network.dispose();
  }
}

/** @throws from its methods: what train, evaluate and setWeights throw, and LOCAL_WEIGHTS_UNAVAILABLE, STRATEGY_NEEDS_SGD */
export function openTrainer(data: TrainingData, { local, checkpoints, log }: TrainerOptions = {}): Learner {
  const open = async (model: ModelSpec, weights: Uint8Array, round: number): Promise<Network> => {
    const network = createNetwork(model);
    try {
      network.setWeights(weights);
      if (network.localNames.size > 0) {
        if (!local) {
          const remedy = "batch norm's part stays at the hospital (FedBN): train and predict there, through its node";
          throw new FedError("LOCAL_WEIGHTS_UNAVAILABLE", { normalisation: model.normalisation }, { remedy });
        }
        const kept = await local.read(round);
        if (kept) network.setWeights(kept, "local");
      }
      return network;
    } catch (error) {
      network.dispose();
      throw error;
    }
  };

  /** Continues from the checkpoint if it is intact and of this training, else starts from the base. */
  async function* trainFrom(...[network, set, options, waiting]: Required<Parameters<typeof train>>) {
    const resume = await checkpoints?.read();
    if (resume === "damaged") log?.warn("checkpoint-ignored", { why: "damaged" });
    else if (resume) {
      let resumed = false;
      try {
        for await (const event of train(network, set, { ...options, resume }, waiting)) {
          if (!resumed) log?.info("training-resumed", { step: event.step });
          resumed = true;
          yield event;
        }
        return;
      } catch (error) {
        if (resumed || !isFedError(error) || error.code === "ABORTED") throw error;
        log?.warn("checkpoint-ignored", { why: error.code });
      }
    }
    await checkpoints?.remove();
    yield* train(network, set, options, waiting);
  }

  return {
    shard: () => data.shard(),
    async train({ plan, round, base, seed, residual }, { signal, onProgress } = {}) {
      const started = performance.now();
      const { strategy, training } = plan;
      if (strategy.name === "scaffold" && training.optimiser.name !== "sgd") {
        const remedy = "plan for the optimiser sgd: control variates are means of gradients, which Adam rescales";
        throw new FedError("STRATEGY_NEEDS_SGD", { optimiser: training.optimiser.name }, { remedy });
      }
      const controls = strategy.name === "scaffold" ? (residual ?? new Uint8Array()) : undefined;
      const set = await data.split(plan, "train");
      const network = await open(plan.model, base, round);
      try {
        let last: TrainEvent | undefined;
        let kept = performance.now();
        const { root } = await data.shard();
        const names = [base, ...(controls ? [controls] : [])].map((bytes) => digestFromBytes(sha256(bytes)));
        const options = {
          ...training,
          seed,
          progress: Math.min(1, (round - 1) / plan.rounds),
          identity: JSON.stringify([...names, plan.model, root]),
          correction: controls && gradientCorrection(base, residual),
        };
        for await (const event of trainFrom(network, set, options, signal ? { signal } : {})) {
          last = event;
          onProgress?.({ step: event.step, steps: event.steps, loss: event.loss });
          // After the last step there is nothing to go on with, and the resumed training would have no loss to report.
          if (checkpoints && event.step < event.steps && performance.now() - kept >= checkpoints.everyMs) {
            // A full disk must not stop the training.
            await checkpoints.write(event.checkpoint()).catch((error) => {
              log?.warn("checkpoint-not-written", { error: String(error) });
            });
            kept = performance.now();
          }
        }
        if (network.localNames.size > 0) await local?.write(round, network.getWeights("local"));
        return {
          weights: network.getWeights(),
          sampleCount: set.scans.length,
          finalLoss: last?.loss ?? Number.NaN,
          unitMove: unitMove(training.optimiser, scheduledRate(options), stepCount(set.scans.length, training)),
          seconds: (performance.now() - started) / 1000,
        };
      } finally {
        network.dispose();
      }
    },
    async sumPatients({ plan, round, base, coins }, { signal, onProgress } = {}) {
      const started = performance.now();
      const set = await data.split(plan, "train");
      const network = await open(plan.model, base, round);
      try {
        const onPatient = (step: number, steps: number, loss: number) => onProgress?.({ step, steps, loss });
        const { unusable, ...done } = await patientStep(network, set, { plan, base, coins }, { signal, onPatient });
        if (unusable > 0) log?.warn("patients-left-out", { patients: unusable, why: "gradient is not finite" });
        return { ...done, sampleCount: set.scans.length, seconds: (performance.now() - started) / 1000 };
      } finally {
        network.dispose();
      }
    },
    async forget() {
      await checkpoints?.remove();
    },
    async predict({ plan, model, split }, { signal } = {}) {
      const set = await data.split(plan, split);
      const network = await open(plan.model, model, Number.POSITIVE_INFINITY);
      try {
        return await evaluate(network, set, signal ? { signal } : {});
      } finally {
        network.dispose();
      }
    },
  };
}
