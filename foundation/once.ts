// Cached results of pure functions of public objects: parties in one process have the same objects and need not each
// compute them. A party in a process of its own does not use this.

/** The last results of one function, by its inputs. Failures are not kept. */
export class Once<Result> {
  readonly #kept = new Map<string, Promise<Result>>();
  readonly #most: number;

  /** @param most results kept */
  constructor(most: number) {
    this.#most = most;
  }

  /** @param inputs everything that the result depends on; compared as JSON */
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
