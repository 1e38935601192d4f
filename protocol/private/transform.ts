// Products with one polynomial, a mask key, modulo a 16-bit prime: from slots to coefficients. A polynomial's slots are its
// values at the 2048 odd powers of a root; products of polynomials are products of slots. Only this direction is needed: public
// polynomials and mask keys are uniform, so both are drawn as slots. Slot i is the value at root^(2 brv(i) + 1), brv reversing
// 11 bits (Longa and Naehrig 2016, Alg. 2).
//
// Time does not depend on values: WebAssembly's vector instructions without a branch or an address by a value; products
// modulo p by Shoup's quotients.
import { createKernelMemory, loadKernels } from "../../foundation/wasm-kernel.ts";
import { degree, type Prime } from "./ring.ts";
import { transformWasm } from "./transform-wasm.ts";

const kernelsOver = loadKernels<"multiply" | "invert" | "cover">(transformWasm);

/** Offsets of arrays of 2048 numbers in a transform's memory. */
const at = {
  polynomial: 0,
  factor: 4 * degree,
  factorQuotients: 8 * degree,
  twiddles: 12 * degree,
  twiddleQuotients: 16 * degree,
  input: 20 * degree,
  errors: 24 * degree,
  masked: 26 * degree,
  end: 28 * degree,
};

/** Multiplies polynomials by one of them, and covers inputs with the products. */
export interface Multiplier {
  /** A polynomial's slots before `multiply`, and the coefficients of its product after it; residues. */
  readonly polynomial: Int32Array;
  multiply(): void;
  /** Before `cover`: integers within 2^23. */
  readonly input: Int32Array;
  /** Before `cover`: integers far below the prime. */
  readonly errors: Int16Array;
  /** After `cover`: polynomial + errors + weight * input modulo the prime. */
  readonly masked: Uint16Array;
  cover(weight: number): void;
}

/** @param slots of the polynomial to multiply by, residues */
export function multiplierBy(slots: Int32Array, { value: p, root }: Prime): Multiplier {
  const memory = createKernelMemory(at.end);
  const { buffer } = memory;
  const kernels = kernelsOver(memory);
  const numbers = (offset: number) => new Int32Array(buffer, offset, degree);
  const inverseRoot = power(root, p - 2, p);
  const twiddles = Int32Array.from({ length: degree }, (_, i) => power(inverseRoot, reversed(i), p));
  numbers(at.twiddles).set(twiddles);
  numbers(at.twiddleQuotients).set(quotientsOf(twiddles, p));
  // The transform's last factor, in advance. Products of 16-bit numbers are exact.
  const scale = power(degree, p - 2, p);
  const factor = slots.map((slot) => (slot * scale) % p);
  numbers(at.factor).set(factor);
  numbers(at.factorQuotients).set(quotientsOf(factor, p));
  return {
    polynomial: numbers(at.polynomial),
    multiply() {
      kernels.multiply(at.polynomial, at.factor, at.factorQuotients, p);
      kernels.invert(at.polynomial, at.twiddles, at.twiddleQuotients, p);
    },
    input: numbers(at.input),
    errors: new Int16Array(buffer, at.errors, degree),
    masked: new Uint16Array(buffer, at.masked, degree),
    cover(weight) {
      const residue = weight % p;
      const quotient = Math.floor((residue * 65536) / p);
      kernels.cover(at.polynomial, at.errors, at.input, at.masked, p, residue, quotient);
    },
  };
}

/** floor(value * 2^16 / p), with which a product by this value needs no division (Shoup). */
function quotientsOf(values: Int32Array, prime: number): Int32Array {
  return values.map((value) => Math.floor((value * 65536) / prime));
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
