// A value with its interval, as every table writes it.
import type { Estimate } from "../../foundation/statistics/proportion.ts";

/** "0.975 [0.92–0.99]"; a dash where nothing decides it. */
export function showEstimate({ value, low, high }: Estimate, digits: number, intervalDigits = digits): string {
  if (Number.isNaN(value)) return "–";
  const bound = (each: number) => (Number.isNaN(each) ? "?" : each.toFixed(intervalDigits));
  return `${value.toFixed(digits)} [${bound(low)}–${bound(high)}]`;
}
