// One signal of several, for work that ends. Node's AbortSignal.any leaves an entry for each joined signal at its sources until
// the sources themselves are collected: a party's own signal lives as long as the process, and a party joins others to it
// with every request, so memory would grow for ever (some 200 bytes a request).

export interface JoinedSignal {
  /** Aborts as soon as one of the sources does, with its reason. */
  readonly signal: AbortSignal;
  /** To be called when the work has ended; after it, the signal no longer follows its sources. */
  release(): void;
}

/** Joins signals, of which some may be undefined, until released. */
export function joinSignals(...sources: readonly (AbortSignal | undefined)[]): JoinedSignal {
  const joined = new AbortController();
  const follow = ({ target }: Event) => joined.abort((target as AbortSignal).reason);
  const followed = sources.filter((source) => source !== undefined);
  for (const source of followed) {
    if (source.aborted) {
      joined.abort(source.reason);
      break;
    }
    source.addEventListener("abort", follow, { once: true });
  }
  return {
    signal: joined.signal,
    release() {
      for (const source of followed) source.removeEventListener("abort", follow);
    },
  };
}
