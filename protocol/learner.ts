// What a hospital needs of its training: the port to the process that has its shard.
import type { Prediction } from "../foundation/statistics/scores.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { Digest, RoundId } from "./format/digest.ts";
import type { Plan } from "./format/plan.ts";
import type { SecretCoins } from "./private/patient-sum.ts";

/** A hospital's training in one round. */
export interface TrainRequest {
  /** The round's plan: network, training, strategy. */
  readonly plan: Plan;
  /** Decides the learning rate, where the plan has a schedule. */
  readonly round: RoundId;
  /** Safetensors of the base model. */
  readonly base: Uint8Array;
  /** 32-bit, unique to plan, round and hospital. */
  readonly seed: number;
  /** What this hospital's last update left (makeUpdate): holds its control variate under SCAFFOLD; else not needed. */
  readonly residual?: Uint8Array | undefined;
}

/** The result of a training. */
export interface TrainOutcome {
  /** Safetensors of the weights after training: the tensors of the base model. */
  readonly weights: Uint8Array;
  /** Scans that were trained on; the plan's `sampleCap` is not applied. */
  readonly sampleCount: number;
  /** Loss of the last step's batch, before that step. */
  readonly finalLoss: number;
  /** Time of the training in this process. */
  readonly seconds: number;
  /** How far a constant gradient of 1 would have moved a weight (K lr for K steps of plain SGD); undefined for Adam. */
  readonly unitMove?: number | undefined;
}

/** A hospital's step in a round with differential privacy. */
export interface PatientStepRequest {
  /** The round's plan, with privacy.patient. */
  readonly plan: Plan;
  /** The round, from 1. */
  readonly round: RoundId;
  /** Safetensors of the base model. */
  readonly base: Uint8Array;
  /** Decide which patients are in the step, and how their parts are rounded. */
  readonly coins: SecretCoins;
}

/** The result of a step with differential privacy: before noise, and for this hospital's eyes alone. */
export interface PatientStepOutcome {
  /** The sum of the patients' clipped parts, in the flat order of the update's layout. */
  readonly integers: Int32Array;
  /** Patients in the step. */
  readonly patients: number;
  /** Of them, those whose part was longer than the clip norm. */
  readonly clipped: number;
  /** Mean of the step's scans; 0 for a step without patients. */
  readonly loss: number;
  /** Training scans of the shard. */
  readonly sampleCount: number;
  /** Time of the step in this process. */
  readonly seconds: number;
}

/** The progress of a training, to show. */
export interface TrainProgress {
  /** From 1. */
  readonly step: number;
  /** All steps of this training: local epochs times batches. */
  readonly steps: number;
  /** Of this step's batch, before the step. */
  readonly loss: number;
}

/** A part of a shard; a patient is in exactly one. */
export type Split = "train" | "validation" | "test";

/** Training and scoring on this hospital's shard, in a process of its own. */
export interface Learner {
  /** The commitment to the shard, for the manifest. */
  shard(): Promise<{
    /** Salted root over its scans. */
    readonly root: Digest;
    /** Salted digest of the list of what the import refused. */
    readonly quarantine: Digest;
    /** Scans in its training part. */
    readonly trainScans: number;
  }>;
  /** Trains from a base model for one round. */
  train(
    request: TrainRequest,
    options?: { readonly onProgress?: (progress: TrainProgress) => void } & Waiting,
  ): Promise<TrainOutcome>;
  /** One step over a secret sample of the patients, each clipped alone, for a plan with differential privacy. */
  sumPatients(
    request: PatientStepRequest,
    options?: { readonly onProgress?: (progress: TrainProgress) => void } & Waiting,
  ): Promise<PatientStepOutcome>;
  /** Deletes the checkpoint of a training whose outcome has been stored. */
  forget?(): Promise<void>;
  /** Scores of the shard's patients of one split. */
  predict(
    request: { readonly plan: Plan; readonly model: Uint8Array; readonly split: Split },
    waiting?: Waiting,
  ): Promise<readonly Prediction[]>;
}
