// Seeded random numbers for the phantom: each patient has a stream of its own, so that one option does not change another.

/** A small stream of pseudo-random numbers (sfc32), reproducible from its seed. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Gaussian, cut at two standard deviations. */
  around(mean: number, stdDev: number): number;
  /** Whole number in [low, high], both included. */
  integer(low: number, high: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

/** Opens the stream named by a seed and a path of names, independent of every other path. */
export function openRandom(seed: number, ...path: readonly (string | number)[]): Random {
  // FNV-1a over the path; sfc32 then mixes, and its first outputs are thrown away.
  let hash = 0x811c9dc5 ^ (seed | 0);
  for (const char of `${seed}/${path.join("/")}`) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  let a = hash | 0;
  let b = Math.imul(hash, 0x9e3779b1) | 0;
  let c = seed | 0;
  let counter = 1;
  const next = () => {
    const mixed = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + mixed) | 0;
    return (mixed >>> 0) / 4294967296;
  };
  for (let skipped = 0; skipped < 16; skipped++) next();
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    around(mean, stdDev) {
      const radius = Math.sqrt(-2 * Math.log(1 - next()));
      const deviate = radius * Math.cos(2 * Math.PI * next());
      return mean + stdDev * Math.max(-2, Math.min(2, deviate));
    },
    integer: (low, high) => low + Math.floor((high - low + 1) * next()),
    chance: (probability) => next() < probability,
    pick(choices) {
      const chosen = choices[Math.floor(next() * choices.length)];
      if (chosen === undefined) throw new RangeError("pick from an empty list");
      return chosen;
    },
  };
}
