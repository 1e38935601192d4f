// Works on several items at once and gives the results in the order of the items.

/**
 * Runs `work` on at most `width` items at a time; results come in the items' order, and at most `width` of them wait.
 * The first failure ends it, after running work has settled.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  width: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void> {
  const running: Promise<Result>[] = [];
  const source = items[Symbol.iterator]();
  const startNext = () => {
    const next = source.next();
    if (next.done) return;
    const result = work(next.value);
    // Reported when its turn comes; until then it must not count as unhandled.
    result.catch(() => {});
    running.push(result);
  };
  for (let index = 0; index < width; index++) startNext();
  try {
    for (let first = running.shift(); first; first = running.shift()) {
      const result = await first;
      startNext();
      yield result;
    }
  } finally {
    await Promise.allSettled(running);
  }
}
