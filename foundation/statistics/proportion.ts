// A proportion of few patients with its 95 % interval, which has a width at 0 and at 1 too.

/** A value with its 95 % interval; all NaN without patients. */
export interface Estimate {
  /** The estimate itself. */
  readonly value: number;
  /** Lower end of the interval, itself included. */
  readonly low: number;
  /** Upper end of the interval, itself included. */
  readonly high: number;
}

const z = 1.959963984540054; // of the normal distribution, two-sided 95 %

/** A proportion with its score interval (Wilson 1927). */
export function wilson(successes: number, trials: number): Estimate {
  if (trials === 0) return { value: Number.NaN, low: Number.NaN, high: Number.NaN };
  const value = successes / trials;
  const centre = value + (z * z) / (2 * trials);
  const half = z * Math.sqrt((value * (1 - value)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return { value, low: Math.max(0, (centre - half) / scale), high: Math.min(1, (centre + half) / scale) };
}
