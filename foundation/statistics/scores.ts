// How well a model separates the classes, with the uncertainty of few patients and the majority class for comparison.
import { type Estimate, wilson } from "./proportion.ts";

/** What a model says of one patient, and what is true. */
export interface Prediction {
  /** Pseudonym, which stays at the hospital. */
  readonly patient: string;
  /** 1: positive. */
  readonly label: 0 | 1;
  /** Score of the positive class: higher is more positive. */
  readonly score: number;
}

export interface Confusion {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly trueNegatives: number;
  readonly falseNegatives: number;
}

export interface Scores {
  readonly patients: number;
  readonly threshold: number;
  readonly confusion: Confusion;
  /** Proportions, with Wilson intervals. */
  readonly sensitivity: Estimate;
  readonly specificity: Estimate;
  readonly precision: Estimate;
  readonly accuracy: Estimate;
  /** Interval by MOVER from those of sensitivity and specificity (Zou and Donner 2008). */
  readonly balancedAccuracy: Estimate;
  /** Interval by Hanley and McNeil 1982. */
  readonly auc: Estimate;
  /** Accuracy of always saying the more frequent class; its balanced accuracy is 0.5. */
  readonly majorityAccuracy: number;
  /** True where the interval of the AUC or of the balanced accuracy includes 0.5. */
  readonly isAtChance: boolean;
}

const z = 1.959963984540054; // of the normal distribution, two-sided 95 %

/**
 * @param threshold patients at or above it count as positive; choose it on validation patients (youdenThreshold), never on
 * the patients that are scored here
 */
export function scorePredictions(predictions: readonly Prediction[], threshold: number): Scores {
  const confusion = countConfusion(predictions, threshold);
  const { truePositives, falsePositives, trueNegatives, falseNegatives } = confusion;
  const positives = truePositives + falseNegatives;
  const negatives = trueNegatives + falsePositives;
  const patients = predictions.length;
  const auc = areaUnderCurve(predictions);
  const sensitivity = wilson(truePositives, positives);
  const specificity = wilson(trueNegatives, negatives);
  const balancedAccuracy = balanced(sensitivity, specificity);
  return {
    patients,
    threshold,
    confusion,
    sensitivity,
    specificity,
    precision: wilson(truePositives, truePositives + falsePositives),
    accuracy: wilson(truePositives + trueNegatives, patients),
    balancedAccuracy,
    auc,
    majorityAccuracy: Math.max(positives, negatives) / patients,
    isAtChance: !(auc.low > 0.5 && balancedAccuracy.low > 0.5),
  };
}

export function countConfusion(predictions: readonly Prediction[], threshold: number): Confusion {
  const count = (label: 0 | 1, positive: boolean) =>
    predictions.filter((each) => each.label === label && each.score >= threshold === positive).length;
  return {
    truePositives: count(1, true),
    falsePositives: count(0, true),
    trueNegatives: count(0, false),
    falseNegatives: count(1, false),
  };
}

/**
 * The probability that a positive patient scores above a negative one, ties counting half.
 * Interval by Hanley and McNeil 1982; at an area of 0 or 1, where theirs has no width, by the rule of three.
 */
export function areaUnderCurve(predictions: readonly Prediction[]): Estimate {
  const positives = predictions.filter(({ label }) => label === 1);
  const negatives = predictions.filter(({ label }) => label === 0);
  if (positives.length === 0 || negatives.length === 0) return { value: Number.NaN, low: Number.NaN, high: Number.NaN };
  const sorted = Float64Array.from(negatives, ({ score }) => score).sort();
  let above = 0;
  for (const { score } of positives) {
    const below = countWhile(sorted, (other) => other < score);
    above += (below + countWhile(sorted, (other) => other <= score)) / 2;
  }
  return areaInterval(above / (positives.length * negatives.length), positives.length, negatives.length);
}

/** An area under the curve with its interval, by the numbers of positive and negative patients. */
export function areaInterval(value: number, positives: number, negatives: number): Estimate {
  const smaller = Math.min(positives, negatives);
  if (value === 1) return { value, low: Math.max(0, 1 - 3 / smaller), high: 1 };
  if (value === 0) return { value, low: 0, high: Math.min(1, 3 / smaller) };
  const q1 = value / (2 - value);
  const q2 = (2 * value * value) / (1 + value);
  const variance =
    (value * (1 - value) + (positives - 1) * (q1 - value * value) + (negatives - 1) * (q2 - value * value)) /
    (positives * negatives);
  const half = z * Math.sqrt(Math.max(0, variance));
  return { value, low: Math.max(0, value - half), high: Math.min(1, value + half) };
}

/** Binary search: how many values satisfy the condition, if those come first. */
function countWhile(values: Float64Array, holds: (value: number) => boolean): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(values[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The threshold with the highest sensitivity + specificity (Youden 1950), midway between neighbouring scores; of several
 * equally good ones (frequent with few patients) the one in the widest gap.
 */
export function youdenThreshold(validation: readonly Prediction[]): number {
  const scores = [...new Set(validation.map(({ score }) => score))].sort((a, b) => a - b);
  let best = { threshold: 0.5, index: Number.NEGATIVE_INFINITY, gap: 0 };
  for (let i = 1; i < scores.length; i++) {
    const gap = scores[i]! - scores[i - 1]!;
    const threshold = scores[i - 1]! + gap / 2;
    const { truePositives, falsePositives, trueNegatives, falseNegatives } = countConfusion(validation, threshold);
    const index = truePositives / (truePositives + falseNegatives) + trueNegatives / (trueNegatives + falsePositives);
    if (index > best.index || (index === best.index && gap > best.gap)) best = { threshold, index, gap };
  }
  return best.threshold;
}

export interface ReliabilityBin {
  /** Mean score, and share of positive patients, of those that scored in the bin. */
  readonly meanScore: number;
  readonly positiveShare: number;
  readonly patients: number;
}

/** Bins of equal width over [0, 1], and the expected calibration error (Naeini 2015). */
export function calibration(predictions: readonly Prediction[], bins = 10): { bins: ReliabilityBin[]; ece: number } {
  const filled: ReliabilityBin[] = [];
  let ece = 0;
  for (let bin = 0; bin < bins; bin++) {
    const inside = predictions.filter(({ score }) => Math.min(bins - 1, Math.floor(score * bins)) === bin);
    if (inside.length === 0) continue;
    const meanScore = inside.reduce((sum, { score }) => sum + score, 0) / inside.length;
    const positiveShare = inside.filter(({ label }) => label === 1).length / inside.length;
    filled.push({ meanScore, positiveShare, patients: inside.length });
    ece += (inside.length / predictions.length) * Math.abs(meanScore - positiveShare);
  }
  return { bins: filled, ece };
}

/**
 * The mean of two independent proportions, with an interval from their Wilson intervals (MOVER, Zou and Donner 2008, after
 * Newcombe 1998). A bootstrap has no width if all patients of a class are classified alike, where the uncertainty is largest.
 */
function balanced(sensitivity: Estimate, specificity: Estimate): Estimate {
  const value = (sensitivity.value + specificity.value) / 2;
  const half = (first: number, second: number) => Math.sqrt(first * first + second * second) / 2;
  return {
    value,
    low: Math.max(0, value - half(sensitivity.value - sensitivity.low, specificity.value - specificity.low)),
    high: Math.min(1, value + half(sensitivity.high - sensitivity.value, specificity.high - specificity.value)),
  };
}
