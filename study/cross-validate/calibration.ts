// Whether scores are probabilities, before and after they are recalibrated on the validation patients of their fold.
import { calibration, type Prediction } from "../../foundation/statistics/scores.ts";

export interface RowCalibration {
  /** Expected calibration error (Naeini 2015, ten bins) over all held-out patients, of the scores as they are. */
  readonly raw: number;
  /** The same after each fold's scores went through the curve that its validation patients gave. */
  readonly recalibrated: number;
}

interface Fold {
  readonly validation: readonly Prediction[];
  readonly heldOut: readonly Prediction[];
}

export function rowCalibration(folds: readonly Fold[]): RowCalibration {
  const recalibrated = folds.flatMap(({ validation, heldOut }) => {
    const curve = plattCurve(validation);
    return heldOut.map((each): Prediction => ({ ...each, score: curve(each.score) }));
  });
  return {
    raw: calibration(folds.flatMap(({ heldOut }) => heldOut)).ece,
    recalibrated: calibration(recalibrated).ece,
  };
}

const newtonSteps = 50;
/** Holds the slope where the classes are separated; with the spread of scores as unit it changes nothing else. */
const ridge = 1e-3;

/**
 * Score to probability by a logistic curve of slope and intercept (Platt 1999, with his smoothed targets). Each Newton step
 * needs only sums over patients, so hospitals could fit it without showing a patient's score.
 */
export function plattCurve(validation: readonly Prediction[]): (score: number) => number {
  const positive = validation.filter(({ label }) => label === 1).length;
  const negative = validation.length - positive;
  const target = (label: 0 | 1) => (label === 1 ? (positive + 1) / (positive + 2) : 1 / (negative + 2));
  const mean = validation.reduce((sum, { score }) => sum + score, 0) / validation.length;
  const variance = validation.reduce((sum, { score }) => sum + (score - mean) ** 2, 0) / validation.length;
  const spread = Math.sqrt(variance) || 1;
  let [slope, intercept] = [0, Math.log((positive + 1) / (negative + 1))];
  for (let step = 0; step < newtonSteps; step++) {
    let [gradientA, gradientB, aa, ab, bb] = [ridge * slope, 0, ridge, 0, 1e-12];
    for (const { label, score } of validation) {
      const x = (score - mean) / spread;
      const p = sigmoid(slope * x + intercept);
      const [error, weight] = [p - target(label), p * (1 - p)];
      gradientA += error * x;
      gradientB += error;
      aa += weight * x * x;
      ab += weight * x;
      bb += weight;
    }
    const determinant = aa * bb - ab * ab;
    slope -= (bb * gradientA - ab * gradientB) / determinant;
    intercept -= (aa * gradientB - ab * gradientA) / determinant;
  }
  return (score) => sigmoid((slope * (score - mean)) / spread + intercept);
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
