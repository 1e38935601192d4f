// A late update was rounded at the steps of the model it was trained from. To be averaged with fresh ones it is rounded
// once more, at the present steps. Rounding to coarser steps can lengthen it (a half becomes one, twice as long), so it is
// kept within the clip norm again. Each update on its own, so order does not matter.
import { type IntegerArray, integerArray, largestInteger } from "./integers.ts";
import { powerOfTwo } from "./power-of-two.ts";
import type { UpdateLayout, UpdatePlan } from "./update-layout.ts";
import { clipNorms, type GroupNorms, NormAccumulator, scaleWithin } from "./update-norm.ts";
import type { UpdateReader } from "./update-reader.ts";

/** How a late update is rounded to the present steps. */
export interface LateRounding {
  /** nearest: half away from zero. towards-zero: never longer than it was. */
  readonly kind: "nearest" | "towards-zero";
  /** Of each group's values, before they are rounded. */
  readonly scales: GroupNorms;
}

const plainly: LateRounding = { kind: "nearest", scales: { delta: 1, control: 1 } };
const runLength = 1 << 16;

/**
 * The rounding that keeps a late update within the clip norm: to the nearest where that is short enough, else scaled down
 * first, else towards zero. Reads the update at most twice; a fresh one not at all.
 * @param open a reader that starts at the update's beginning
 * @throws UPDATE_MALFORMED
 */
export async function lateRounding(
  open: () => Promise<UpdateReader>,
  layout: UpdateLayout,
  plan: UpdatePlan,
): Promise<LateRounding> {
  const limits = clipNorms(plan);
  let rounding = plainly;
  for (const _ of ["plainly", "scaled"]) {
    const reader = await open();
    if (layout.segments.every(({ exponent }, position) => exponent === reader.notes.exponents[position]))
      return plainly;
    const norms = await normsOf(reader, layout, rounding);
    if (norms.delta <= limits.delta && norms.control <= limits.control) return rounding;
    const scales = {
      delta: scaleWithin(norms.delta, limits.delta),
      control: scaleWithin(norms.control, limits.control),
    };
    rounding = { kind: "nearest", scales };
  }
  return { kind: "towards-zero", scales: plainly.scales };
}

async function normsOf(reader: UpdateReader, layout: UpdateLayout, rounding: LateRounding): Promise<GroupNorms> {
  const accumulator = new NormAccumulator(layout);
  const buffer = integerArray(layout.type, runLength);
  for (let start = 0; start < layout.coordinates; start += runLength) {
    const run = buffer.subarray(0, Math.min(runLength, layout.coordinates - start));
    await reader.next(run);
    requantise(run, start, reader.notes.exponents, layout, rounding);
    accumulator.add(run);
  }
  return accumulator.norms();
}

/** Takes a run of the flat vector's integers, from `start`, from the given exponents to the layout's, in place; saturates. */
export function requantise(
  run: IntegerArray,
  start: number,
  exponents: readonly number[],
  { type, segments }: UpdateLayout,
  { kind, scales }: LateRounding,
): void {
  const limit = largestInteger[type];
  segments.forEach((segment, position) => {
    const shift = exponents[position]! - segment.exponent;
    const scale = scales[segment.group];
    if (shift === 0 && scale === 1) return;
    const factor = powerOfTwo(shift);
    const from = Math.max(start, segment.start) - start;
    const to = Math.min(start + run.length, segment.start + segment.length) - start;
    for (let index = from; index < to; index++) {
      const exact = run[index]! * factor * scale;
      const rounded = kind === "nearest" ? nearest(exact) : Math.trunc(exact);
      run[index] = rounded > limit ? limit : rounded < -limit ? -limit : rounded;
    }
  });
}

/** Half away from zero. */
function nearest(exact: number): number {
  return exact < 0 ? -Math.floor(0.5 - exact) : Math.floor(exact + 0.5);
}
