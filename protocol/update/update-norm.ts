// The L2 norm of an update, computed by all parties to the same bit: float64, in flat order.
import type { IntegerArray } from "./integers.ts";
import { powerOfTwo } from "./power-of-two.ts";
import type { Segment, UpdateLayout, UpdatePlan } from "./update-layout.ts";

export type GroupNorms = Readonly<Record<Segment["group"], number>>;

/** The largest norm of each group. */
export function clipNorms({ update, strategy }: UpdatePlan): GroupNorms {
  return { delta: update.clipNorm, control: strategy.name === "scaffold" ? strategy.controlClipNorm : 0 };
}

/**
 * The scale at which a rounded vector that is too long is rounded again, with room for the length that rounding adds;
 * 1 for a vector within its limit.
 */
export function scaleWithin(norm: number, limit: number): number {
  const excess = (norm / limit) * (norm / limit) - 1;
  return norm > limit ? 0.998 * Math.sqrt(Math.max(0.25, 1 - excess)) : 1;
}

/** Adds up an update's squared norms from runs of integers in flat order. */
export class NormAccumulator {
  readonly #layout: UpdateLayout;
  readonly #sums: number[];
  #segment = 0;
  #position = 0;

  constructor(layout: UpdateLayout) {
    this.#layout = layout;
    this.#sums = layout.segments.map(() => 0);
  }

  /** @param integers the next run of the flat vector */
  add(integers: IntegerArray): void {
    let index = 0;
    while (index < integers.length) {
      const segment = this.#layout.segments[this.#segment]!;
      const end = Math.min(integers.length, index + segment.start + segment.length - this.#position);
      let sum = this.#sums[this.#segment]!;
      for (let at = index; at < end; at++) sum += integers[at]! * integers[at]!;
      this.#sums[this.#segment] = sum;
      this.#position += end - index;
      index = end;
      if (this.#position === segment.start + segment.length) this.#segment++;
    }
  }

  norms(): GroupNorms {
    const squared = { delta: 0, control: 0 };
    this.#layout.segments.forEach(({ group, exponent }, index) => {
      squared[group] += this.#sums[index]! * powerOfTwo(2 * exponent);
    });
    return { delta: Math.sqrt(squared.delta), control: Math.sqrt(squared.control) };
  }
}
