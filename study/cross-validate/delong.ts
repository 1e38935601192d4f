// Areas under ROC curves with intervals, and differences of two areas over the same patients.

import type { Estimate } from "../../foundation/statistics/proportion.ts";
import { areaUnderCurve, type Prediction } from "../../foundation/statistics/scores.ts";

const z = 1.959963984540054; // of the normal distribution, two-sided 95 %

/**
 * The area over all predictions; interval by DeLong, DeLong and Clarke-Pearson 1988, without a distribution assumed. At an
 * area of 0 or 1, where theirs has no width, areaUnderCurve's.
 */
export function deLongArea(predictions: readonly Prediction[]): Estimate {
  const found = placements(predictions);
  if (found.area === 0 || found.area === 1 || Number.isNaN(found.area)) return areaUnderCurve(predictions);
  const half = z * Math.sqrt(covariance(found, found));
  return { value: found.area, low: Math.max(0, found.area - half), high: Math.min(1, found.area + half) };
}

/**
 * The mean of the folds' own areas, in which only patients scored by the same model are compared. Interval by the folds'
 * variances as of independent samples (LeDell, Petersen and van der Laan 2015). Where every fold's area is 0, or every
 * one's 1, these have no width: then by the rule of three over all folds, as areaUnderCurve's.
 */
export function meanArea(folds: readonly (readonly Prediction[])[]): Estimate {
  const found = folds.map(placements);
  const value = found.reduce((sum, { area }) => sum + area, 0) / found.length;
  const least = found.reduce((sum, { positives, negatives }) => sum + Math.min(positives.length, negatives.length), 0);
  if (value === 1) return { value, low: Math.max(0, 1 - 3 / least), high: 1 };
  if (value === 0) return { value, low: 0, high: Math.min(1, 3 / least) };
  const variance = found.reduce((sum, each) => sum + covariance(each, each), 0) / (found.length * found.length);
  const half = z * Math.sqrt(variance);
  return { value, low: Math.max(0, value - half), high: Math.min(1, value + half) };
}

/**
 * The mean over the folds of the first area minus the second. Both score the same patients, so their areas rise and fall
 * together and the interval is narrower than two separate ones suggest (DeLong 1988).
 */
export function meanDifference(
  first: readonly (readonly Prediction[])[],
  second: readonly (readonly Prediction[])[],
): Estimate {
  let [value, variance] = [0, 0];
  for (const [fold, predictions] of first.entries()) {
    const others = new Map(second[fold]?.map((prediction) => [prediction.patient, prediction]));
    const a = placements(predictions);
    const b = placements(predictions.map(({ patient }) => others.get(patient) as Prediction));
    value += (a.area - b.area) / first.length;
    variance += (covariance(a, a) + covariance(b, b) - 2 * covariance(a, b)) / first.length ** 2;
  }
  const half = z * Math.sqrt(Math.max(0, variance));
  return { value, low: value - half, high: value + half };
}

interface Placements {
  readonly area: number;
  /** Of each positive patient: the share of negative ones that it scores above, ties counting half. */
  readonly positives: Float64Array;
  /** Of each negative patient: the share of positive ones that score above it. */
  readonly negatives: Float64Array;
}

function placements(predictions: readonly Prediction[]): Placements {
  const scores = (wanted: 0 | 1) => predictions.filter(({ label }) => label === wanted).map(({ score }) => score);
  const [low, high] = [scores(0), scores(1)];
  // Counted in halves, which are exact, and divided once.
  const positives = new Float64Array(high.length);
  const negatives = new Float64Array(low.length);
  let sum = 0;
  for (const [i, up] of high.entries()) {
    for (const [j, down] of low.entries()) {
      const halves = up > down ? 2 : up === down ? 1 : 0;
      positives[i] = positives[i]! + halves;
      negatives[j] = negatives[j]! + halves;
      sum += halves;
    }
  }
  return {
    area: sum / (2 * low.length * high.length),
    positives: positives.map((halves) => halves / (2 * low.length)),
    negatives: negatives.map((halves) => halves / (2 * high.length)),
  };
}

function covariance(a: Placements, b: Placements): number {
  const part = (x: Float64Array, y: Float64Array) => {
    let sum = 0;
    for (const [index, value] of x.entries()) sum += (value - a.area) * (y[index]! - b.area);
    return sum / (x.length - 1) / x.length;
  };
  return part(a.positives, b.positives) + part(a.negatives, b.negatives);
}
