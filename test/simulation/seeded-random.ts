// The only source of randomness in a simulated run: its seed decides everything.
import { seededIntegers } from "../../foundation/random.ts";

export class SeededRandom {
  readonly #next: () => number;

  constructor(...seed: readonly (string | number)[]) {
    this.#next = seededIntegers("simulation", ...seed);
  }

  /** An integer in [from, to]. */
  between(from: number, to: number): number {
    return from + (this.#next() % (to - from + 1));
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.#next() < probability * 2 ** 32;
  }

  /** @throws RangeError if the list is empty */
  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError("nothing to pick from");
    return from[this.#next() % from.length]!;
  }

  shuffled<T>(items: readonly T[]): T[] {
    const order = [...items];
    for (let last = order.length - 1; last > 0; last--) {
      const other = this.between(0, last);
      [order[last], order[other]] = [order[other]!, order[last]!];
    }
    return order;
  }
}
