// Krum's score of an update: how far its nearest neighbours are. Blanchard et al. 2017, "Machine Learning with
// Adversaries: Byzantine Tolerant Gradient Descent", section 4.
import type { PairwiseDistances } from "./pairwise-distances.ts";

/**
 * Updates by score, best first; equal scores by position, so that the order is the same everywhere.
 * @param candidates positions of the updates to score among each other
 */
export function krumRanking(
  distances: PairwiseDistances,
  candidates: readonly number[],
  byzantine: number,
): readonly number[] {
  // n - f - 2 neighbours; for Bulyan's last picks so few candidates are left that it would be none.
  const neighbours = Math.max(1, candidates.length - byzantine - 2);
  const scored = candidates.map((position) => {
    const others = candidates.filter((other) => other !== position).map((other) => distances.squared(position, other));
    others.sort(compare);
    return { position, score: others.slice(0, neighbours).reduce((sum, squared) => sum + squared, 0n) };
  });
  scored.sort((a, b) => compare(a.score, b.score) || a.position - b.position);
  return scored.map(({ position }) => position);
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
