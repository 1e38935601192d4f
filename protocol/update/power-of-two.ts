// Exact powers of two without Math.pow, whose last bit differs between machines.

/** 2^exponent for |exponent| <= 1022; every intermediate is exact. */
export function powerOfTwo(exponent: number): number {
  let value = 1;
  for (let count = exponent; count > 0; count--) value *= 2;
  for (let count = exponent; count < 0; count++) value *= 0.5;
  return value;
}

/** The smallest exponent with 2^exponent >= value, for a positive finite value. */
export function exponentAbove(value: number): number {
  let exponent = 0;
  let power = 1;
  while (power < value) {
    power *= 2;
    exponent++;
  }
  while (power * 0.5 >= value) {
    power *= 0.5;
    exponent--;
  }
  return exponent;
}
