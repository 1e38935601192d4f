// Results of pure functions of public objects, so that parties of one process, who all have the same objects, need not
// each compute them. A party of its own process has none of this.

/** The last results of one function, by all that they depend on. Failures are not kept. */
export class Once<Result> {
  readonly #kept = new Map<string, Promise<Result>>();
  readonly #most: number;

  /** @param most results kept */
  constructor(most: number) {
    this.#most = most;
  }

  /** @param inputs all that the result depends on, as JSON tells them apart */
  of(inputs: unknown, compute: () => Promise<Result>): Promise<Result> {
    const key = JSON.stringify(inputs);
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const computing = compute();
    this.#kept.set(key, computing);
    computing.catch(() => this.#kept.delete(key));
    if (this.#kept.size > this.#most) this.#kept.delete(this.#kept.keys().next().value as string);
    return computing;
  }
}
