// All chance of a simulated run, from its seed: nothing else in it is random.
import { seededIntegers } from "../../foundation/random.ts";

export class Dice {
  readonly #next: () => number;

  constructor(...seed: readonly (string | number)[]) {
    this.#next = seededIntegers("simulation", ...seed);
  }

  /** An integer of [from, to]. */
  between(from: number, to: number): number {
    return from + (this.#next() % (to - from + 1));
  }

  /** True with a probability of `share`. */
  chance(share: number): boolean {
    return this.#next() < share * 2 ** 32;
  }

  /** @throws RangeError where there is nothing to pick from */
  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError("nothing to pick from");
    return from[this.#next() % from.length] as T;
  }

  shuffled<T>(items: readonly T[]): T[] {
    const order = [...items];
    for (let last = order.length - 1; last > 0; last--) {
      const other = this.between(0, last);
      [order[last], order[other]] = [order[other] as T, order[last] as T];
    }
    return order;
  }
}
