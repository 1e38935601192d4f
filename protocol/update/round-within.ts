// Rounds a clipped vector to integers that are still within the clip norm.
import { FedError } from "../../foundation/errors.ts";
import { type IntegerArray, integerArray } from "./integers.ts";
import { quantise, type Rounding } from "./quantise.ts";
import type { UpdateLayout } from "./update-layout.ts";
import { type GroupNorms, NormAccumulator, scaleWithin } from "./update-norm.ts";

/**
 * Integers whose norm, computed as verifyUpdate computes it, is within the limits.
 * @param largest magnitude at which integers saturate
 * @param generator of 32-bit numbers for stochastic rounding, another for each attempt
 * @throws UPDATE_NORM_EXCEEDED
 */
export function roundWithin(
  values: Float64Array,
  layout: UpdateLayout,
  { limits, largest }: { readonly limits: GroupNorms; readonly largest: number },
  generator: (attempt: number) => () => number,
): IntegerArray {
  const integers = integerArray(layout.type, layout.coordinates);
  const scales = { delta: 1, control: 1 };
  // Rounding noise can lengthen a clipped vector beyond the limit: round again with room for it, then without noise.
  for (const attempt of [1, 2, 3]) {
    const rounding: Rounding =
      attempt < 3 ? { kind: "stochastic", next: generator(attempt) } : { kind: "towards-zero" };
    for (const segment of layout.segments) {
      const scale = attempt < 3 ? scales[segment.group] : 1 - 2 ** -40;
      quantise(values, integers, segment, { largest, scale, rounding });
    }
    const accumulator = new NormAccumulator(layout);
    accumulator.add(integers);
    const norms = accumulator.norms();
    if (norms.delta <= limits.delta && norms.control <= limits.control) return integers;
    for (const group of ["delta", "control"] as const) {
      if (norms[group] > limits[group]) scales[group] = scaleWithin(norms[group], limits[group]);
    }
  }
  throw new FedError("UPDATE_NORM_EXCEEDED", { limit: limits.delta });
}
