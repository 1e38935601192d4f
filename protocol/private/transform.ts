// From the values of a polynomial at the 2048 odd powers of a root (slots) to its coefficients, modulo a 16-bit prime.
// Products of polynomials are products of slots. Only this direction is needed: public polynomials and mask keys are uniform,
// so both are drawn as slots. Slot i is the value at root^(2 brv(i) + 1), brv reversing 11 bits (Longa and Naehrig 2016, Alg. 2).
//
// Time does not depend on values: products modulo p by Shoup's quotients, corrections by masks, no branch, no table
// look-up by a value.
import { degree, type Prime } from "./ring.ts";

export interface Transform {
  readonly prime: number;
  /** products[i] = left[i] * right[i]; `quotients` are those of right. */
  multiply(left: Int32Array, right: Int32Array, quotients: Int32Array): void;
  /** Slots to coefficients, in place. */
  invert(slots: Int32Array): void;
}

/** floor(value * 2^16 / p), with which a product by this value needs no division (Shoup). */
export function quotientsOf(values: Int32Array, prime: number): Int32Array {
  return values.map((value) => Math.floor((value * 65536) / prime));
}

export function transformOf({ value: p, root }: Prime): Transform {
  const inverseRoot = power(root, p - 2, p);
  const twiddles = Int32Array.from({ length: degree }, (_, i) => power(inverseRoot, reversed(i), p));
  const quotients = quotientsOf(twiddles, p);
  const scale = power(degree, p - 2, p);
  const scaleQuotient = Math.floor((scale * 65536) / p);

  return {
    prime: p,
    multiply(left, right, rightQuotients) {
      for (let i = 0; i < degree; i++) {
        const value = left[i]!;
        const quotient = Math.imul(value, rightQuotients[i]!) >>> 16;
        const product = (Math.imul(value, right[i]!) - Math.imul(quotient, p) - p) | 0;
        left[i] = product + (p & (product >> 31));
      }
    },
    invert(a) {
      let distance = 1;
      for (let groups = degree >> 1; groups >= 1; groups >>= 1) {
        for (let group = 0; group < groups; group++) {
          const twiddle = twiddles[groups + group]!;
          const twiddleQuotient = quotients[groups + group]!;
          const start = 2 * group * distance;
          for (let j = start; j < start + distance; j++) {
            const u = a[j]!;
            const v = a[j + distance]!;
            const sum = (u + v - p) | 0;
            a[j] = sum + (p & (sum >> 31));
            // In (0, 2p): Shoup's product takes any 16-bit factor, so this one is brought below p first.
            let difference = (u - v) | 0;
            difference += p & (difference >> 31);
            const quotient = Math.imul(difference, twiddleQuotient) >>> 16;
            const product = (Math.imul(difference, twiddle) - Math.imul(quotient, p) - p) | 0;
            a[j + distance] = product + (p & (product >> 31));
          }
        }
        distance <<= 1;
      }
      for (let j = 0; j < degree; j++) {
        const value = a[j]!;
        const quotient = Math.imul(value, scaleQuotient) >>> 16;
        const product = (Math.imul(value, scale) - Math.imul(quotient, p) - p) | 0;
        a[j] = product + (p & (product >> 31));
      }
    },
  };
}

/** 11 bits in the other order. */
function reversed(index: number): number {
  let result = 0;
  for (let bit = 0; bit < 11; bit++) result = (result << 1) | ((index >> bit) & 1);
  return result;
}

function power(base: number, exponent: number, p: number): number {
  let result = 1;
  for (let square = base, rest = exponent; rest > 0; rest >>= 1) {
    if (rest & 1) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
}
