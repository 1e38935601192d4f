// Scores every model of a run on the same held-out test patients. The threshold is chosen on the validation
// patients of the model's owner; test patients choose nothing.

import { type Prediction, type Scores, scorePredictions, youdenThreshold } from "../../foundation/statistics/scores.ts";
import { openTrainerProcess, type TrainerProcess } from "../../node/learner-process.ts";
import type { Place } from "../../node/trainer-messages.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import type { Split } from "../../protocol/learner.ts";
import type { Log } from "../../protocol/ports.ts";

export interface ScoredModel {
  readonly name: string;
  readonly scores: Scores;
  readonly predictions: readonly Prediction[];
}

export interface ModelToScore {
  readonly name: string;
  readonly weights: Uint8Array;
  /** Whose validation patients choose the threshold. */
  readonly validation: readonly Place[];
  /** Whose test patients it is scored on. */
  readonly test: readonly Place[];
}

export interface RoundScore {
  readonly round: number;
  /** On all validation patients, which may be used during training. */
  readonly scores: Scores;
}

/** Predictions through one trainer process. */
export class Scorer {
  readonly #plan: Plan;
  readonly #trainer: TrainerProcess;

  constructor(plan: Plan, log: Log) {
    this.#plan = plan;
    this.#trainer = openTrainerProcess({ log });
  }

  async score({ name, weights, validation, test }: ModelToScore, signal: AbortSignal): Promise<ScoredModel> {
    const threshold = youdenThreshold(await this.#predict(validation, weights, "validation", signal));
    const predictions = await this.#predict(test, weights, "test", signal);
    return { name, predictions, scores: scorePredictions(predictions, threshold) };
  }

  async scoreRound(
    round: number,
    weights: Uint8Array,
    pool: readonly Place[],
    signal: AbortSignal,
  ): Promise<RoundScore> {
    const predictions = await this.#predict(pool, weights, "validation", signal);
    return { round, scores: scorePredictions(predictions, youdenThreshold(predictions)) };
  }

  async #predict(
    places: readonly Place[],
    model: Uint8Array,
    split: Split,
    signal: AbortSignal,
  ): Promise<readonly Prediction[]> {
    const found: Prediction[] = [];
    for (const place of places) {
      const learner = this.#trainer.learner(place);
      found.push(...(await learner.predict({ plan: this.#plan, model, split }, { signal })));
    }
    return found;
  }

  async close(): Promise<void> {
    await this.#trainer.close();
  }
}
