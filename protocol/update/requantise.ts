// A late update was rounded at the steps of the model it was trained from. To be averaged with fresh ones it is rounded
// once more, at the present steps: half away from zero, saturating. Each update on its own, so order does not matter.
import { type IntegerArray, largestInteger } from "./integers.ts";
import { powerOfTwo } from "./power-of-two.ts";
import type { UpdateLayout } from "./update-layout.ts";

/** Takes a run of the flat vector's integers, from `start`, from the given exponents to the layout's, in place. */
export function requantise(
  run: IntegerArray,
  start: number,
  exponents: readonly number[],
  { type, segments }: UpdateLayout,
): void {
  const limit = largestInteger[type];
  segments.forEach((segment, position) => {
    const shift = (exponents[position] as number) - segment.exponent;
    if (shift === 0) return;
    const factor = powerOfTwo(shift);
    const from = Math.max(start, segment.start) - start;
    const to = Math.min(start + run.length, segment.start + segment.length) - start;
    for (let index = from; index < to; index++) {
      const exact = (run[index] as number) * factor;
      const rounded = exact < 0 ? -Math.floor(0.5 - exact) : Math.floor(exact + 0.5);
      run[index] = rounded > limit ? limit : rounded < -limit ? -limit : rounded;
    }
  });
}
