// How much memory files may take at once, whatever each of them claims: who wants more waits for those before.

export interface ByteBudget {
  /** Runs `work` when so many bytes, at most the whole budget, are free; they are free again when it has ended. */
  hold<T>(bytes: number, work: () => Promise<T>): Promise<T>;
}

export function openByteBudget(most: number): ByteBudget {
  let free = most;
  const waiting: { readonly bytes: number; start(): void }[] = [];

  function startNext(): void {
    // In the order of asking, so that nobody waits for ever behind smaller ones.
    for (let first = waiting[0]; first && first.bytes <= free; first = waiting[0]) {
      free -= first.bytes;
      waiting.shift();
      first.start();
    }
  }

  return {
    async hold(bytes, work) {
      await new Promise<void>((start) => {
        waiting.push({ bytes, start });
        startNext();
      });
      try {
        return await work();
      } finally {
        free += bytes;
        startNext();
      }
    },
  };
}
