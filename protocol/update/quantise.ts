// Real numbers to integers at a power-of-two step, without bias: stochastic rounding.
import type { IntegerArray } from "./integers.ts";
import { powerOfTwo } from "./power-of-two.ts";

/** stochastic: up with the probability of the fraction, so that the mean is exact. towards-zero: never longer than before. */
export type Rounding = { readonly kind: "stochastic"; readonly next: () => number } | { readonly kind: "towards-zero" };

/**
 * integers[start + i] = round(values[start + i] * scale / 2^exponent), saturating at the largest magnitude.
 * Stochastic rounding: Gupta et al. 2015, "Deep Learning with Limited Numerical Precision", section 3.
 */
export function quantise(
  values: Float64Array,
  integers: IntegerArray,
  { start, length, exponent }: { start: number; length: number; exponent: number },
  { largest, scale, rounding }: { largest: number; scale: number; rounding: Rounding },
): void {
  const inverseStep = powerOfTwo(-exponent);
  for (let index = start; index < start + length; index++) {
    const exact = values[index]! * scale * inverseStep;
    let integer: number;
    if (rounding.kind === "stochastic") {
      const below = Math.floor(exact);
      integer = rounding.next() < (exact - below) * 2 ** 32 ? below + 1 : below;
    } else {
      integer = Math.trunc(exact);
    }
    integers[index] = integer > largest ? largest : integer < -largest ? -largest : integer;
  }
}
