// Logistic regression on few pixels: a baseline of brightness without learned shapes.

import { FedError } from "../../foundation/errors.ts";
import type { Prediction } from "../../foundation/statistics/scores.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import { BestPoint, type Method } from "./method.ts";
import { resizedSet } from "./resized-set.ts";

const side = 48;
/** Ridge penalties a pixel; the validation patients choose one. */
const penalties = [0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const newtonSteps = 12;

export const logistic: Method = {
  name: "logistic",
  title: `logistic regression, ${side} px`,
  settings: { side, penalties, newtonSteps },
  async *run({ train, validation, test }, _seed, { signal }) {
    const small = resizedSet(train, side);
    const seen = train.scans.map((_, index) => meanSlice(small, index));
    const scale = standardisation(seen);
    const rows = seen.map((pixels) => scale(pixels));
    const pixels = (rows[0] as Float64Array).length;
    const gram = rows.map((a) => Float64Array.from(rows, (b) => dot(a, b)));
    const labels = train.scans.map(({ label }) => label);
    const best = new BestPoint();
    for (const [done, penalty] of penalties.entries()) {
      if (signal.aborted) throw new FedError("ABORTED", { done }, { cause: signal.reason });
      const weights = ridgeWeights(gram, labels, penalty * pixels);
      const direction = new Float64Array(pixels);
      for (const [index, row] of rows.entries()) {
        for (let at = 0; at < pixels; at++) direction[at] = direction[at]! + weights[index]! * row[at]!;
      }
      const sets = { validation, test };
      const area = await best.offer(`penalty ${penalty}`, async (split) =>
        predict(sets[split], (slice) => sigmoid(dot(scale(slice), direction))),
      );
      yield { done: done + 1, total: penalties.length, note: `validation AUC ${area.toFixed(2)}` };
      await new Promise(setImmediate); // lets abort events arrive
    }
    return best.scores(pixels);
  },
};

/** A scan's mean slice: [side * side * channels] and a last 1 for the intercept. */
function meanSlice(set: TrainingSet, index: number): Float64Array {
  const size = set.height * set.width * set.channels;
  const pixels = set.read(index);
  const mean = new Float64Array(size + 1);
  for (let at = 0; at < pixels.length; at++) {
    mean[at % size] = mean[at % size]! + pixels[at]! / (pixels.length / size);
  }
  mean[size] = 1;
  return mean;
}

/** By mean and deviation of the training scans' pixels; the intercept's input is as large as all pixels together, so that its penalty is negligible. */
function standardisation(scans: readonly Float64Array[]): (pixels: Float64Array) => Float64Array {
  const size = (scans[0] as Float64Array).length;
  const means = new Float64Array(size);
  const squares = new Float64Array(size);
  for (const pixels of scans) {
    for (let at = 0; at < size; at++) {
      const value = pixels[at]!;
      means[at] = means[at]! + value / scans.length;
      squares[at] = squares[at]! + (value * value) / scans.length;
    }
  }
  const intercept = Math.sqrt(size);
  return (pixels) =>
    pixels.map((value, at) => {
      if (at === size - 1) return intercept;
      const mean = means[at]!;
      return (value - mean) / Math.sqrt(squares[at]! - mean * mean + 1);
    });
}

/**
 * Ridge logistic regression by Newton's method on the scans' weights, of which there are fewer than pixels: each step solves
 * (gram + penalty / w) a = z, with w = p (1 - p) and z = gram a + (y - p) / w.
 */
function ridgeWeights(gram: readonly Float64Array[], labels: readonly number[], penalty: number): Float64Array {
  let weights = new Float64Array(labels.length);
  for (let step = 0; step < newtonSteps; step++) {
    const scores = gram.map((row) => dot(row, weights));
    const chances = scores.map(sigmoid);
    const curvature = chances.map((p) => Math.max(1e-4, p * (1 - p)));
    const target = Float64Array.from(scores, (score, i) => {
      return score + (labels[i]! - chances[i]!) / curvature[i]!;
    });
    const matrix = gram.map((row, i) => {
      const own = row.slice();
      own[i] = own[i]! + penalty / curvature[i]!;
      return own;
    });
    weights = solve(matrix, target);
  }
  return weights;
}

/** Of a symmetric positive matrix, by Cholesky; the matrix is overwritten. */
function solve(matrix: readonly Float64Array[], right: Float64Array): Float64Array<ArrayBuffer> {
  const n = right.length;
  const x = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = matrix[i] as Float64Array;
    let value = right[i]!;
    for (let j = 0; j <= i; j++) {
      const other = matrix[j] as Float64Array;
      let sum = row[j]!;
      for (let k = 0; k < j; k++) sum -= row[k]! * other[k]!;
      row[j] = i === j ? Math.sqrt(sum) : sum / other[j]!;
      if (j < i) value -= row[j]! * x[j]!;
    }
    x[i] = value / row[i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let value = x[i]!;
    for (let k = i + 1; k < n; k++) value -= matrix[k]![i]! * x[k]!;
    x[i] = value / matrix[i]![i]!;
  }
  return x;
}

function predict(set: TrainingSet, score: (slice: Float64Array) => number): Prediction[] {
  const resized = resizedSet(set, side);
  const byPatient = new Map<string, { label: 0 | 1; scores: number[] }>();
  for (const [index, { patient, label }] of set.scans.entries()) {
    const known = byPatient.get(patient) ?? { label, scores: [] };
    known.scores.push(score(meanSlice(resized, index)));
    byPatient.set(patient, known);
  }
  return [...byPatient].map(([patient, { label, scores }]) => {
    return { patient, label, score: scores.reduce((sum, each) => sum + each, 0) / scores.length };
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}

function sigmoid(score: number): number {
  return 1 / (1 + Math.exp(-score));
}
