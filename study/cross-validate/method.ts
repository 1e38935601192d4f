// A method of a cross-validation: learns from a fold's training patients, stops by its validation patients and scores the
// held-out ones.

import { areaUnderCurve, type Prediction } from "../../foundation/statistics/scores.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import type { Split } from "../../protocol/learner.ts";

export type FoldSets = Readonly<Record<Split, TrainingSet>>;

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly note: string;
}

/** A method's result for one fold. */
export interface FoldScores {
  readonly parameters: number;
  /** Where it stopped, or what it chose, on the validation patients. */
  readonly chosen: string;
  readonly validation: readonly Prediction[];
  readonly heldOut: readonly Prediction[];
}

export interface Method {
  /** As on the command line. */
  readonly name: string;
  /** The row whose seeds and kept folds it has, where another command's row is the same training; else its own. */
  readonly sameAs?: string;
  readonly title: string;
  /** All settings that decide the result besides patients and seed: plain data. */
  readonly settings: Readonly<Record<string, unknown>>;
  run(sets: FoldSets, seed: number, options: { readonly signal: AbortSignal }): AsyncGenerator<Progress, FoldScores>;
}

/**
 * Keeps the scores of the point with the best area on the validation patients, the later one of equals. Held-out patients
 * choose nothing.
 */
export class BestPoint {
  #best:
    | { area: number; chosen: string; validation: readonly Prediction[]; heldOut: readonly Prediction[] }
    | undefined;

  async offer(
    chosen: string,
    predict: (split: "validation" | "test") => Promise<readonly Prediction[]>,
  ): Promise<number> {
    const validation = await predict("validation");
    const area = areaUnderCurve(validation).value;
    if (!(area < (this.#best?.area ?? 0))) {
      this.#best = { area, chosen, validation, heldOut: await predict("test") };
    }
    return area;
  }

  scores(parameters: number): FoldScores {
    const { chosen = "", validation = [], heldOut = [] } = this.#best ?? {};
    return { parameters, chosen, validation, heldOut };
  }
}
