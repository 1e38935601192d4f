// The scans of each training step, decided by the seed alone.
import { seededIntegers } from "../../foundation/random.ts";
import { shuffled } from "./shuffled.ts";
import type { TrainingSet } from "./training-set.ts";

export interface PlannedStep {
  /** From 1, over all epochs. */
  readonly step: number;
  readonly epoch: number;
  /** Indices of the batch's scans. */
  readonly places: readonly number[];
}

/** Steps of a whole training. */
export function stepCount(
  scans: number,
  { localEpochs, batchSize }: { readonly localEpochs: number; readonly batchSize: number },
): number {
  return localEpochs * Math.ceil(scans / batchSize);
}

/** The steps after the first `done`. */
export function* stepsOf(
  scans: TrainingSet["scans"],
  { localEpochs, batchSize, seed }: { readonly localEpochs: number; readonly batchSize: number; readonly seed: number },
  done: number,
): Generator<PlannedStep> {
  let step = 0;
  for (let epoch = 1; epoch <= localEpochs; epoch++) {
    const order = mixedOrder(scans, seededIntegers(seed, "order", epoch));
    for (let at = 0; at < order.length; at += batchSize) {
      step++;
      if (step > done) yield { step, epoch, places: order.slice(at, at + batchSize) };
    }
  }
}

/**
 * Shuffles each class and spreads the classes evenly, so that every batch has the shard's ratio of classes: a batch of one
 * class teaches only that this class is frequent.
 */
function mixedOrder(scans: TrainingSet["scans"], next: () => number): number[] {
  const places: { at: number; index: number }[] = [];
  for (const label of [0, 1] as const) {
    const own = shuffled(
      [...scans.keys()].filter((index) => scans[index]?.label === label),
      next,
    );
    const offset = next() / 2 ** 32;
    for (const [place, index] of own.entries()) places.push({ at: (place + offset) / own.length, index });
  }
  return places.sort((a, b) => a.at - b.at || a.index - b.index).map(({ index }) => index);
}
