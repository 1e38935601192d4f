// The messages between a hospital and its trainer process. Both ends are the same version of this program; models are
// passed as bytes (structured clone).
import type { ErrorFacts, SentError } from "../foundation/errors.ts";
import type {
  Learner,
  PatientStepOutcome,
  PatientStepRequest,
  TrainOutcome,
  TrainProgress,
  TrainRequest,
} from "../protocol/learner.ts";

export type PredictRequest = Parameters<Learner["predict"]>[0];
export type Shard = Awaited<ReturnType<Learner["shard"]>>;
export type Predictions = Awaited<ReturnType<Learner["predict"]>>;

/** The paths of a hospital's data. */
export interface Place {
  /** Folder of the hospital's shard. */
  readonly shard: string;
  /** Folder that keeps FedBN's weights between rounds. */
  readonly localWeights?: string;
  /** File of the training in progress and milliseconds between writes; without it, a killed training starts again. */
  readonly checkpoint?: { readonly file: string; readonly everyMs: number };
  /**
   * A control experiment: this seed shuffles the labels among the patients of each split. Accuracy above chance would
   * then show a leak between splits.
   */
  readonly shuffleLabels?: number;
}

interface JobFields {
  readonly id: number;
  readonly place: Place;
}

/** Jobs run one after the other; an abort concerns the job of that id. */
export type ToTrainer =
  | (JobFields & { readonly kind: "shard" })
  | (JobFields & { readonly kind: "forget" })
  | (JobFields & { readonly kind: "train"; readonly request: TrainRequest })
  | (JobFields & { readonly kind: "sum-patients"; readonly request: PatientStepRequest })
  | (JobFields & { readonly kind: "predict"; readonly request: PredictRequest })
  | { readonly kind: "abort"; readonly id: number };

export type FromTrainer =
  | { readonly kind: "alive" }
  | {
      readonly kind: "log";
      readonly level: "info" | "warn";
      readonly event: string;
      readonly facts: ErrorFacts | undefined;
    }
  | { readonly kind: "progress"; readonly id: number; readonly progress: TrainProgress }
  | {
      readonly kind: "done";
      readonly id: number;
      readonly result: Shard | TrainOutcome | PatientStepOutcome | Predictions | undefined;
    }
  | (SentError & { readonly kind: "failed"; readonly id: number; readonly stack: string });
