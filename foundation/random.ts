// Random numbers that are the same on every machine: integers only, seeded from SHA-256.
import { sha256 } from "./sha256.ts";

/** A generator of 32-bit unsigned integers. @param purpose another purpose gives unrelated numbers */
export function seededIntegers(...purpose: readonly (string | number)[]): () => number {
  const seed = Buffer.from(sha256(JSON.stringify(purpose)));
  return xoshiro128(seed.readInt32LE(0), seed.readInt32LE(4), seed.readInt32LE(8), seed.readInt32LE(12));
}

/**
 * xoshiro128** (Blackman and Vigna 2021, "Scrambled linear pseudorandom number generators").
 * The state must not be all zero; no known SHA-256 prefix is.
 */
export function xoshiro128(s0: number, s1: number, s2: number, s3: number): () => number {
  let a = s0 | 0;
  let b = s1 | 0;
  let c = s2 | 0;
  let d = s3 | 0;
  return () => {
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result >>> 0;
  };
}

/**
 * A 32-bit seed for one purpose, derived from the plan's seed and the parts of the purpose
 * ("train", round, hospital): the same on every machine, unrelated between purposes.
 */
export function deriveSeed(seed: number, ...purpose: readonly (string | number)[]): number {
  return Buffer.from(sha256(JSON.stringify([seed, ...purpose]))).readUInt32LE(0);
}
