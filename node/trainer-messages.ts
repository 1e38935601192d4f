// What a hospital and its trainer process say to each other over the pipe between them. Both ends are this program, of
// one version; the bytes of models travel as they are (structured clone).
import type { ErrorFacts } from "../foundation/errors.ts";
import type { Learner, TrainOutcome, TrainProgress, TrainRequest } from "../protocol/ports.ts";

export type PredictRequest = Parameters<Learner["predict"]>[0];
export type Shard = Awaited<ReturnType<Learner["shard"]>>;
export type Predictions = Awaited<ReturnType<Learner["predict"]>>;

/** Where a hospital's data is. */
export interface Place {
  /** The hospital's imported data. */
  readonly shard: string;
  /** Where FedBN's weights stay between rounds. */
  readonly localWeights?: string;
  /** Where a training in progress is kept, and how many milliseconds apart; without it, a killed one begins anew. */
  readonly checkpoint?: { readonly file: string; readonly everyMs: number };
  /**
   * A control: labels dealt out anew among the patients of each split, by this seed. What is learned from them, and tested
   * on them, is chance; were it more, something would leak from one split to the other.
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
  | { readonly kind: "done"; readonly id: number; readonly result: Shard | TrainOutcome | Predictions | undefined }
  | {
      readonly kind: "failed";
      readonly id: number;
      readonly code: string;
      readonly facts: ErrorFacts;
      readonly remedy: string | undefined;
      readonly stack: string;
    };
