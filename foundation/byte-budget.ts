// A limit on the memory that files take at once, whatever size each of them claims: further work waits in a queue.

export interface ByteBudget {
  /** Runs `work` once that many bytes (at most the whole budget) are free, and frees them when it has ended. */
  hold<T>(bytes: number, work: () => Promise<T>): Promise<T>;
}

export function openByteBudget(most: number): ByteBudget {
  let free = most;
  const waiting: { readonly bytes: number; start(): void }[] = [];

  function startNext(): void {
    // In the order of the requests, so that a large one is not passed by smaller ones for ever.
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
