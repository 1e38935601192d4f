// What opened sums cost a patient's privacy: epsilon at a given delta, as an upper bound. Each sum is a Gaussian mechanism on a
// Poisson sample of the patients (Mironov, Talwar, Zhang 2019). At whole orders k their formula is exact for discrete Gaussian
// noise too: the sum over x of exp(-(x - k v)^2 / (2 sigma^2)) is the same for every whole k v, and x to v - x exchanges the two
// distributions. Epsilon by Canonne, Kamath, Steinke 2020, Proposition 12. Figures for people: no two parties need the same
// last bit, but none may be too small.

/** How one sum is made noisy. */
export interface SampledGaussian {
  /** The chance of a patient to be in a step, above 0 and up to 1. */
  readonly samplingRate: number;
  /** Standard deviation of the honest hospitals' noise, over the largest L2 norm of one patient's part. */
  readonly noiseMultiplier: number;
}

/** Orders of Rényi divergence over which the least epsilon is taken. */
const orders = [...Array.from({ length: 255 }, (_, at) => at + 2), 288, 320, 384, 448, 512];

/** ln(n!) for n up to the largest order. */
const logFactorials = new Float64Array(513);
for (let n = 1; n < logFactorials.length; n++) logFactorials[n] = logFactorials[n - 1]! + Math.log(n);

/**
 * Above every error of this file's float64: logarithms up to 3,000 added 512 times err by less than 2e-10 in all. A sum of n
 * discrete Gaussians with standard deviations of 8 and more differs from one by less than e^-600 of it (Kairouz, Liu, Steinke 2021).
 */
const slack = 1e-9;

/** The Rényi divergence of one sum, at a whole order of 2 or more. */
export function renyiDivergence({ samplingRate: q, noiseMultiplier: z }: SampledGaussian, order: number): number {
  const gaussian = order / (2 * z * z);
  if (q >= 1) return gaussian + slack;
  const stay = Math.log1p(-q);
  const taken = Math.log(q);
  const exponents = Array.from({ length: order + 1 }, (_, count) => {
    const choose = logFactorials[order]! - logFactorials[count]! - logFactorials[order - count]!;
    return choose + (order - count) * stay + count * taken + ((count - 1) * count) / (2 * z * z);
  });
  return Math.min(gaussian, Math.max(0, logSum(exponents)) / (order - 1)) + slack;
}

/** Epsilon of so many sums, at least what a patient can lose. @param openings 0 or more */
export function epsilonOf(mechanism: SampledGaussian, openings: number, delta: number): number {
  if (openings === 0) return 0;
  let least = Number.POSITIVE_INFINITY;
  for (const order of orders) {
    const divergence = openings * renyiDivergence(mechanism, order);
    const epsilon = divergence - Math.log(order * delta) / (order - 1) + Math.log1p(-1 / order);
    least = Math.min(least, epsilon);
  }
  return Math.max(0, least) * (1 + slack) + slack;
}

/** Noise multipliers are multiples of it: a plan's are exact in float64 and as a fraction. */
export const noiseStep = 1 / 64;
const mostNoise = 256;

/** The least noise multiplier of a plan that keeps epsilon; undefined where none up to 256 does. */
export function noiseFor(
  epsilon: number,
  {
    samplingRate,
    openings,
    delta,
  }: { readonly samplingRate: number; readonly openings: number; readonly delta: number },
): number | undefined {
  const keeps = (steps: number) =>
    epsilonOf({ samplingRate, noiseMultiplier: steps * noiseStep }, openings, delta) <= epsilon;
  let [low, high] = [0, mostNoise / noiseStep];
  if (!keeps(high)) return undefined;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (keeps(middle)) high = middle;
    else low = middle;
  }
  return high * noiseStep;
}

function logSum(exponents: readonly number[]): number {
  const largest = exponents.reduce((most, exponent) => Math.max(most, exponent), Number.NEGATIVE_INFINITY);
  return largest + Math.log(exponents.reduce((sum, exponent) => sum + Math.exp(exponent - largest), 0));
}
