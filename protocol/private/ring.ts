// The two rings of masks, Z_q[X]/(X^2048 + 1), and which one a plan needs. q is a product of primes that are 1 modulo 4096,
// so that arithmetic is done prime by prime in 16 bits. Security: docs/protocol.md, "Private sums".
import { FedError } from "../../foundation/errors.ts";

/** Coefficients of a polynomial. */
export const degree = 2048;
/** A scalar of a share holds ten residues in fields of 24 bits: sums of 256 of them do not carry. */
export const residuesPerScalar = 10;
export const fieldBits = 24;
export const maxDealers = 256;

export const ringNames = ["L16", "L24"] as const;
export type RingName = (typeof ringNames)[number];

export interface Prime {
  readonly value: number;
  /** The least number whose 2048th power is -1. */
  readonly root: number;
}

export interface Ring {
  readonly name: RingName;
  readonly primes: readonly Prime[];
  /** The product of the primes; below 2^53. */
  readonly modulus: number;
  /** Sums of inputs are exact within ±(plaintext / 2 - 1). */
  readonly plaintext: number;
  /** The factor of an input: floor(modulus / plaintext). */
  readonly delta: number;
  /** Scalars that hold a mask key. */
  readonly scalars: number;
}

const p61441: Prime = { value: 61441, root: 19 };
const p40961: Prime = { value: 40961, root: 28 };
const p12289: Prime = { value: 12289, root: 41 };

function ringOf(name: RingName, primes: readonly Prime[], plaintextBits: number): Ring {
  const modulus = primes.reduce((product, { value }) => product * value, 1);
  const plaintext = 2 ** plaintextBits;
  const scalars = Math.ceil((primes.length * degree) / residuesPerScalar);
  return { name, primes, modulus, plaintext, delta: Math.floor(modulus / plaintext), scalars };
}

export const rings: Readonly<Record<RingName, Ring>> = {
  L16: ringOf("L16", [p61441, p40961], 16),
  L24: ringOf("L24", [p61441, p40961, p12289], 24),
};

/**
 * The smallest ring in which no sum wraps.
 * @param largest bound of one hospital's integers, before noise
 * @param noiseStdDev of one hospital's noise, in integers; 0 without differential privacy
 * @throws RING_TOO_SMALL
 */
export function chooseRing({
  hospitals,
  largest,
  noiseStdDev,
}: {
  readonly hospitals: number;
  readonly largest: number;
  readonly noiseStdDev: number;
}): Ring {
  const reach = hospitals * largest + 8 * Math.sqrt(hospitals) * noiseStdDev;
  const ring = ringNames.map((name) => rings[name]).find(({ plaintext }) => reach < plaintext / 2);
  if (ring === undefined || !(hospitals >= 1 && hospitals <= maxDealers && largest >= 1)) {
    throw new FedError("RING_TOO_SMALL", { hospitals, largest, noiseStdDev });
  }
  return ring;
}

/** Polynomials that hold so many coordinates. */
export function blocksOf(coordinates: number): number {
  return Math.ceil(coordinates / degree);
}
