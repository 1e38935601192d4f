// The mean of a few measurements, of patients or of seeds, with its 95 % interval.
import type { Estimate } from "./proportion.ts";

/** Two-sided 95 % of Student's t for 1, 2, ... degrees of freedom. */
const studentT = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604, 2.1448, 2.1314,
  2.1199, 2.1098, 2.1009, 2.093, 2.086,
];
const z = 1.959963984540054; // of the normal distribution

/** The mean with its 95 % interval by Student's t; an interval of NaN from one value, which has no spread. */
export function meanInterval(values: readonly number[]): Estimate {
  const count = values.length;
  const value = values.reduce((sum, each) => sum + each, 0) / count;
  if (count < 2) return { value, low: Number.NaN, high: Number.NaN };
  const variance = values.reduce((sum, each) => sum + (each - value) ** 2, 0) / (count - 1);
  const half = quantile(count - 1) * Math.sqrt(variance / count);
  return { value, low: value - half, high: value + half };
}

/** Beyond the table: an expansion in 1 / degrees (Fisher and Cornish 1960), right within 0.0003. */
function quantile(degrees: number): number {
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  return studentT[degrees - 1] ?? z + first / degrees + second / degrees ** 2;
}
