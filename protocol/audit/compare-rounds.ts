// What an audit's report says of all rounds together: the best model, and the most influence of one hospital.
import type { BestModel, LargestShare, RoundReport } from "./report.ts";

/** By the scores that hospitals report of their validation patients; undefined if there are none. */
export function bestModel(rounds: readonly RoundReport[]): BestModel | undefined {
  let best: BestModel | undefined;
  for (const { round, model, validation } of rounds) {
    const auc = validation?.auc;
    if (model && auc && (best === undefined || auc.value > best.auc.value)) best = { round, model, auc };
  }
  return best;
}

/** The largest share that any hospital had of an accepted average, the earliest of equals; undefined where none is known. */
export function largestShare(rounds: readonly RoundReport[]): LargestShare | undefined {
  let largest: LargestShare | undefined;
  for (const { round, hospitals } of rounds) {
    for (const { hospital, share = 0 } of hospitals) {
      if (share > (largest?.share ?? 0)) largest = { round, hospital, share };
    }
  }
  return largest;
}
