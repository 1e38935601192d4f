// The cumulative table of mask errors: discrete Gaussian of variance 1024/25 (standard deviation 6.4), to 127 bits. It is
// computed from its definition in integers, so there are no constants to trust.

/** Bits of the thresholds; the lowest is 0, since the lowest bit of a random number is the sample's sign. */
export const thresholdBits = 128n;
/** exp(-x^2 / (2 variance)) = exp(-25 x^2 / 2048). */
const [numerator, denominator] = [25n, 2048n];
/** Fixed point with room for the errors of the series and of the sum. */
const precision = 320n;
/** Beyond, a weight is below 2^-320. */
const farthest = 140n;

/**
 * thresholds[k] = 2 round(2^127 P(|e| <= k)), for all k where that is below 2^128: |e| is how many of them are at most a
 * uniform 128-bit number.
 */
export function errorThresholds(): bigint[] {
  const weights: bigint[] = [];
  for (let x = 0n; x <= farthest; x++) weights.push(exponential(numerator * x * x) * (x === 0n ? 1n : 2n));
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  const thresholds: bigint[] = [];
  let sum = 0n;
  for (const weight of weights) {
    sum += weight;
    const threshold = (((sum << thresholdBits) / total + 1n) >> 1n) << 1n;
    if (threshold >> thresholdBits !== 0n) break;
    thresholds.push(threshold);
  }
  return thresholds;
}

/** 2^precision exp(-value / denominator): exp(-value / (denominator 2^20)) by its series, squared 20 times. */
function exponential(value: bigint): bigint {
  const one = 1n << precision;
  const halvings = 20n;
  const argument = (value << precision) / (denominator << halvings);
  let term = one;
  let sum = one;
  for (let n = 1n; term !== 0n; n++) {
    term = (term * argument) / (n << precision);
    sum += n % 2n === 1n ? -term : term;
  }
  for (let squarings = 0n; squarings < halvings; squarings++) sum = (sum * sum) >> precision;
  return sum;
}
