// Exact squared distances between updates: integers, so that no order of arrival or addition changes them.
import { FedError } from "../../foundation/errors.ts";
import type { IntegerArray, UpdateType } from "../update/integers.ts";

/** Coordinates whose squared differences float64 adds up exactly: (2^16)^2 * 2^12 and (2^24)^2 * 2^5 stay within 2^53. */
const tileLength: Readonly<Record<UpdateType, number>> = { I8: 4096, I16: 4096, I32: 32 };
const highUnit = 2 ** 26;

/** Squared distances between the updates of a round, exact or rounded once, the same in any order. */
export class PairwiseDistances {
  /** Number of updates. */
  readonly count: number;
  readonly #type: UpdateType;
  readonly #smallestExponent: number;
  /** Upper triangle, row by row. */
  readonly #squared: bigint[];

  /** @param smallestExponent of the layout's steps: the unit of distances is 2^smallestExponent */
  constructor(count: number, type: UpdateType, smallestExponent: number) {
    this.count = count;
    this.#type = type;
    this.#smallestExponent = smallestExponent;
    this.#squared = new Array<bigint>((count * (count - 1)) / 2).fill(0n);
  }

  /**
   * Adds a run of coordinates that share a step.
   * @param columns one array of integers for each update, all of the same length
   * @param exponent of the step: a coordinate's value is its integer times 2^exponent
   */
  add(columns: readonly IntegerArray[], exponent: number): void {
    const length = columns[0]?.length ?? 0;
    const pairs = this.#squared.length;
    // Sums in two parts, each exact: a number above 2^53 would not be.
    const high = new Float64Array(pairs);
    const low = new Float64Array(pairs);
    const tile = tileLength[this.#type];
    for (let start = 0; start < length; start += tile) {
      const end = Math.min(length, start + tile);
      let pair = 0;
      for (let i = 0; i < this.count; i++) {
        const a = columns[i]!;
        for (let j = i + 1; j < this.count; j++) {
          const sum = squaredDistance(a, columns[j]!, start, end);
          const upper = Math.floor(sum / highUnit);
          high[pair] = high[pair]! + upper;
          low[pair] = low[pair]! + (sum - upper * highUnit);
          pair++;
        }
      }
    }
    const shift = BigInt(2 * (exponent - this.#smallestExponent));
    for (let pair = 0; pair < pairs; pair++) {
      const sum = BigInt(high[pair]!) * BigInt(highUnit) + BigInt(low[pair]!);
      this.#squared[pair] = this.#squared[pair]! + (sum << shift);
    }
  }

  /** Squared distance between updates i and j (positions in the canonical order), in squared units. @throws UPDATE_UNKNOWN */
  squared(i: number, j: number): bigint {
    if (i === j) return 0n;
    const [first, second] = i < j ? [i, j] : [j, i];
    const found = this.#squared[first * this.count - (first * (first + 1)) / 2 + second - first - 1];
    if (found === undefined) throw new FedError("UPDATE_UNKNOWN", { i, j, count: this.count });
    return found;
  }
}

function squaredDistance(a: IntegerArray, b: IntegerArray, start: number, end: number): number {
  let even = 0;
  let odd = 0;
  let index = start;
  for (; index + 1 < end; index += 2) {
    const first = a[index]! - b[index]!;
    const second = a[index + 1]! - b[index + 1]!;
    even += first * first;
    odd += second * second;
  }
  if (index < end) {
    const last = a[index]! - b[index]!;
    even += last * last;
  }
  return even + odd;
}
