// Decides whether a figure stayed flat over a long run. The first part of the run is not judged: code is still being
// compiled and caches are being filled.
export interface Trend {
  /** Median of the first and of the last third of what is judged. */
  readonly first: number;
  readonly last: number;
  readonly flat: boolean;
}

/**
 * @param samples at equal times, oldest first
 * @param limits growth that is allowed: by a factor, or by an amount, whichever is more
 */
export function trendOf(samples: readonly number[], limits: { factor: number; amount: number }): Trend {
  const judged = samples.slice(Math.floor(samples.length / 4));
  const third = Math.max(1, Math.floor(judged.length / 3));
  const first = median(judged.slice(0, third));
  const last = median(judged.slice(-third));
  return { first, last, flat: last <= Math.max(first * limits.factor, first + limits.amount) };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
