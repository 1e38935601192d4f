// Exact discrete Gaussian noise for differential privacy (Canonne, Kamath, Steinke 2020, Algorithms 1 to 3): every decision
// is a comparison of random bits with a rational number. A float64 decides where it surely can; the rest, about one in
// 2^31, is compared in integers of any length. Time depends on the noise: docs/protocol.md says so.
import type { KeyStream } from "./key-stream.ts";

/** The variance as a fraction; both parts positive. */
export interface Variance {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** A number in [0, 1] as float64, with a bound of its error, and exactly. */
interface Ratio {
  readonly approximate: number;
  exact(): readonly [numerator: bigint, denominator: bigint];
}

/** Above the error of every approximate ratio here. */
const safeMargin = 2 ** -36;

const one: Ratio = { approximate: 1, exact: () => [1n, 1n] };

/**
 * A sampler of integers with P(x) proportional to exp(-x^2 / (2 variance)).
 * @param margin for tests: 1 compares everything in integers, to the same samples
 */
export function discreteGaussian(coins: KeyStream, variance: Variance, margin = safeMargin): () => number {
  const { numerator, denominator } = variance;
  const scale = squareRoot(numerator / denominator) + 1n;
  const [t, sigmaSquared] = [Number(scale), Number(numerator) / Number(denominator)];
  if (numerator <= 0n || denominator <= 0n || t >= 2 ** 26) throw new RangeError("variance out of range");
  // (|y| - variance / t)^2 / (2 variance) = (|y| t d - n)^2 / (2 n d t^2) with variance n / d
  const below = 2n * numerator * denominator * scale * scale;
  const exponentOf = (magnitude: number) => {
    const distance = magnitude - sigmaSquared / t;
    return {
      approximate: (distance * distance) / (2 * sigmaSquared),
      exact: () => [(BigInt(magnitude) * scale * denominator - numerator) ** 2n, below] as const,
    };
  };

  /** Whether a uniform number is below the ratio. */
  function bernoulli({ approximate, exact }: Ratio, divisor: number): boolean {
    const ratio = approximate / divisor;
    let bits = coins.uint32();
    if ((bits + 1) * 2 ** -32 + margin <= ratio) return true;
    if (bits * 2 ** -32 >= ratio + margin) return false;
    const [above, under] = exact();
    const all = under * BigInt(divisor);
    let uniform = BigInt(bits);
    for (let length = 32n; ; length += 32n) {
      if ((uniform + 1n) * all <= above << length) return true;
      if (uniform * all >= above << length) return false;
      bits = coins.uint32();
      uniform = (uniform << 32n) | BigInt(bits);
    }
  }

  /** True with probability exp(-ratio): Algorithm 1, for ratios up to 1. */
  function exponential(ratio: Ratio): boolean {
    let count = 1;
    while (bernoulli(ratio, count)) count++;
    return count % 2 === 1;
  }

  /** The same for any ratio: whole parts one by one. */
  function anyExponential(ratio: Ratio): boolean {
    let whole = Math.floor(ratio.approximate);
    // Where the float cannot say on which side of a whole number the ratio lies.
    if (Math.abs(ratio.approximate - Math.round(ratio.approximate)) <= margin * Math.max(1, ratio.approximate)) {
      const [above, under] = ratio.exact();
      whole = Number(above / under);
    }
    for (let part = 0; part < whole; part++) if (!exponential(one)) return false;
    return exponential({
      approximate: Math.min(1, Math.max(0, ratio.approximate - whole)),
      exact: () => {
        const [above, under] = ratio.exact();
        return [above - BigInt(whole) * under, under];
      },
    });
  }

  /** Discrete Laplace of scale t: Algorithm 2. */
  function laplace(): number {
    for (;;) {
      const rest = below32(t);
      if (!exponential({ approximate: rest / t, exact: () => [BigInt(rest), scale] })) continue;
      let whole = 0;
      while (exponential(one)) whole++;
      const magnitude = rest + t * whole;
      const negative = (coins.uint32() & 1) === 1;
      if (negative && magnitude === 0) continue;
      return negative ? -magnitude : magnitude;
    }
  }

  function below32(limit: number): number {
    const highest = Math.floor(2 ** 32 / limit) * limit;
    for (;;) {
      const number = coins.uint32();
      if (number < highest) return number % limit;
    }
  }

  return () => {
    for (;;) {
      const candidate = laplace();
      if (anyExponential(exponentOf(Math.abs(candidate)))) return candidate;
    }
  };
}

/** floor(sqrt(value)). */
function squareRoot(value: bigint): bigint {
  let root = 0n;
  for (let bit = 1n << BigInt(value.toString(2).length); bit > 0n; bit >>= 1n) {
    if ((root + bit) * (root + bit) <= value) root += bit;
  }
  return root;
}
