// What several seeds say together: data, first weights and luck differ from seed to seed, so one of them says little.
import type { Estimate } from "../../protocol/scores.ts";

/** Two-sided 95 % of Student's t for 1, 2, ... degrees of freedom. */
const studentT = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093,
];

/** As many as the quantiles above reach for. */
export const mostSeeds = studentT.length + 1;

/** The mean with its 95 % interval by Student's t; from one value an interval of NaN, since it tells no spread. */
export function meanOverSeeds(values: readonly number[]): Estimate {
  const value = values.reduce((sum, each) => sum + each, 0) / values.length;
  const t = studentT[values.length - 2];
  if (t === undefined) return { value, low: Number.NaN, high: Number.NaN };
  const variance = values.reduce((sum, each) => sum + (each - value) ** 2, 0) / (values.length - 1);
  const half = t * Math.sqrt(variance / values.length);
  return { value, low: value - half, high: value + half };
}
