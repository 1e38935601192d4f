// What the coordinates of an input are: the update's integers, then a histogram of validation scores in two classes, then
// coordinates that are always zero, in which the audit sees the noise alone.
import { FedError } from "../../foundation/errors.ts";
import type { IntegerArray } from "../update/integers.ts";

export interface SumLayout {
  /** Integers of the update, in the flat order of its segments. */
  readonly parameters: number;
  /** Bins of each class, 0 for a round without scores. */
  readonly bins: number;
  /** Coordinates that are zero before noise. */
  readonly canaries: number;
}

/** Counts of validation patients by score: of bin b those with b / bins <= score < (b + 1) / bins, the last with score 1. */
export interface ScoreHistogram {
  readonly negatives: Int32Array;
  readonly positives: Int32Array;
}

export function coordinatesOf({ parameters, bins, canaries }: SumLayout): number {
  return parameters + 2 * bins + canaries;
}

/** @param predictions scores from 0 to 1; label 1 for positive */
export function histogramOf(
  predictions: readonly { readonly score: number; readonly label: 0 | 1 }[],
  bins: number,
): ScoreHistogram {
  const histogram = { negatives: new Int32Array(bins), positives: new Int32Array(bins) };
  for (const { score, label } of predictions) {
    const counts = label === 1 ? histogram.positives : histogram.negatives;
    const bin = Math.min(bins - 1, Math.floor(score * bins));
    counts[bin] = counts[bin]! + 1;
  }
  return histogram;
}

/**
 * An input before noise.
 * @param largest bound of every integer
 * @throws INPUT_OUT_OF_RANGE for an integer beyond the bound, or parts that do not fit the layout
 */
export function layOutInput(
  layout: SumLayout,
  { integers, histogram }: { readonly integers: IntegerArray; readonly histogram: ScoreHistogram | undefined },
  largest: number,
): Int32Array {
  const { parameters, bins } = layout;
  const input = new Int32Array(coordinatesOf(layout));
  const parts = [integers, histogram?.negatives ?? new Int32Array(0), histogram?.positives ?? new Int32Array(0)];
  const lengths = [parameters, bins, bins];
  let at = 0;
  for (const [place, part] of parts.entries()) {
    if (part.length !== lengths[place]) {
      throw new FedError("INPUT_OUT_OF_RANGE", { part: place, coordinates: part.length, expected: lengths[place] });
    }
    input.set(part, at);
    at += part.length;
  }
  let outside = 0;
  for (let index = 0; index < input.length; index++) outside |= (largest - input[index]!) | (largest + input[index]!);
  if (outside < 0) throw new FedError("INPUT_OUT_OF_RANGE", { largest });
  return input;
}

/** The parts of a sum of inputs. */
export function partsOf(
  sum: Int32Array,
  { parameters, bins, canaries }: SumLayout,
): { readonly integers: Int32Array; readonly histogram: ScoreHistogram; readonly canaries: Int32Array } {
  const part = (start: number, length: number) => sum.subarray(start, start + length);
  return {
    integers: part(0, parameters),
    histogram: { negatives: part(parameters, bins), positives: part(parameters + bins, bins) },
    canaries: part(parameters + 2 * bins, canaries),
  };
}
