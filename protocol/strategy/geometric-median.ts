// Geometric median by smoothed Weiszfeld steps. Pillutla, Kakade and Harchaoui 2022, "Robust Aggregation for Federated
// Learning" (RFA), algorithm 2. Every iterate is a convex combination of the updates, so its distance to each of them
// follows from the exact pairwise distances: |q_i - z|^2 = sum_j a_j d_ij^2 - 1/2 sum_jk a_j a_k d_jk^2. The iterations
// therefore need n x n numbers only, and the files are read once more for the mean. Attackers with less than half of the
// weight can move it by a bounded distance only.
import { powerOfTwo } from "../update/power-of-two.ts";
import type { PairwiseDistances } from "./pairwise-distances.ts";
import type { Strategy } from "./strategy.ts";

/** The smallest distance is one step: the smoothing that keeps a weight finite. */
const smoothing = 1;
/** Coefficients become integers in this unit, so that the mean is exact again. */
const unit = powerOfTwo(20);

export const geometricMedian: Strategy<"geometric-median"> = {
  name: "geometric-median",
  requiredUpdates: () => 1,
  weigh(distances, weights, { iterations }) {
    const squared = squaredMatrix(distances);
    let coefficients = normalise(weights);
    for (let iteration = 0; iteration < iterations; iteration++) {
      const spread = squared.map((row) => dot(row, coefficients));
      const half = dot(spread, coefficients) / 2;
      coefficients = normalise(
        weights.map((weight, position) => {
          const distance = Math.sqrt(Math.max(0, spread[position]! - half));
          return weight / Math.max(smoothing, distance);
        }),
      );
    }
    return coefficients.map((coefficient) => Math.floor(coefficient * unit + 0.5));
  },
};

function squaredMatrix(distances: PairwiseDistances): number[][] {
  const positions = Array.from({ length: distances.count }, (_, position) => position);
  return positions.map((i) => positions.map((j) => Number(distances.squared(i, j))));
}

function normalise(values: readonly number[]): number[] {
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => value / total);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * b[index]!, 0);
}
