// Adds masked objects and takes the sum of their mask keys off again: what remains is delta S and the sum of small errors.
import type { ByteSource } from "../update/byte-source.ts";
import type { PrivateContext } from "./context.ts";
import { readMasked } from "./masked.ts";
import { publicSlots } from "./public-slots.ts";
import { blocksOf, degree, type Ring } from "./ring.ts";
import { multiplierBy } from "./transform.ts";

/** Sums of masked objects, not reduced: below 2^24 for 256 of them. */
export type MaskedSum = readonly Int32Array[];

/** @throws MASKED_MALFORMED; errors of the sources */
export async function sumMasked(
  sources: readonly ByteSource[],
  shape: { readonly ring: Ring; readonly coordinates: number },
): Promise<MaskedSum> {
  const sums = shape.ring.primes.map(() => new Int32Array(blocksOf(shape.coordinates) * degree));
  for (const source of sources) {
    await readMasked(source, shape, (place, start, residues) => {
      const sum = sums[place]!;
      for (let i = 0; i < residues.length; i++) sum[start + i] = (sum[start + i]! + residues[i]!) | 0;
    });
  }
  return sums;
}

/** The exact sum of the inputs. */
export interface Unmasked {
  readonly sum: Int32Array;
  /** The largest |error| that was rounded away: the sum of the hospitals' mask errors. */
  readonly largestError: number;
}

/**
 * S = round(D / delta) with D = (sum of c - a K) mod q in (-q/2, q/2). What it is given is public by now, so its time may
 * depend on it.
 * @param key the sum of the mask keys, by the ring's primes
 */
export function unmask(
  masked: MaskedSum,
  key: readonly Int32Array[],
  {
    ring,
    context,
    coordinates,
  }: { readonly ring: Ring; readonly context: PrivateContext; readonly coordinates: number },
): Unmasked {
  const parts = ring.primes.map((prime, place) => {
    const slots = key[place]!.map((slot) => slot % prime.value);
    return { p: prime.value, multiplier: multiplierBy(slots, prime), stream: publicSlots(context, prime.value) };
  });
  const combine = combinationOf(ring);
  const sum = new Int32Array(coordinates);
  let largestError = 0;
  for (let start = 0; start < coordinates; start += degree) {
    for (const [place, { p, multiplier, stream }] of parts.entries()) {
      const { polynomial: product } = multiplier;
      stream.residues(product, p);
      multiplier.multiply();
      const sums = masked[place]!;
      for (let i = 0; i < degree; i++) {
        const difference = (sums[start + i]! % p) - product[i]!;
        product[i] = difference + (p & (difference >> 31));
      }
    }
    const end = Math.min(degree, coordinates - start);
    const [first, second, third] = parts.map(({ multiplier }) => multiplier.polynomial) as [
      Int32Array,
      Int32Array,
      Int32Array?,
    ];
    for (let i = 0; i < end; i++) {
      const value = combine(first[i]!, second[i]!, third === undefined ? 0 : third[i]!);
      const rounded = Math.round(value / ring.delta);
      const error = Math.abs(value - rounded * ring.delta);
      if (error > largestError) largestError = error;
      sum[start + i] = rounded;
    }
  }
  return { sum, largestError };
}

/** The number in (-q/2, q/2) with these residues (Garner 1959): every intermediate is an integer below 2^53. */
function combinationOf({ primes, modulus }: Ring): (first: number, second: number, third: number) => number {
  const [p0, p1, p2 = 1] = primes.map(({ value }) => value) as [number, number, number?];
  const inverse0 = inverseOf(p0, p1);
  const inverse01 = p2 === 1 ? 0 : inverseOf((p0 * p1) % p2, p2);
  return (first, second, third) => {
    const digit1 = positive(((second - first) % p1) * inverse0, p1);
    const below = first + p0 * digit1;
    const digit2 = p2 === 1 ? 0 : positive(((third - (below % p2)) % p2) * inverse01, p2);
    const value = below + p0 * p1 * digit2;
    return value > modulus / 2 ? value - modulus : value;
  };
}

function positive(value: number, p: number): number {
  const residue = value % p;
  return residue < 0 ? residue + p : residue;
}

/** By Fermat: primes are below 2^16, so products are exact. */
function inverseOf(value: number, p: number): number {
  let result = 1;
  for (let square = value % p, rest = p - 2; rest > 0; rest >>= 1) {
    if (rest & 1) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
}
