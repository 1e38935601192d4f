// Runs lists of work beside each other, and shows what they print one list after the other: the first as it comes, the
// next from its beginning when the one before it has ended.

export type Print = (text: string | Uint8Array) => void;

/**
 * @param lists functions that run one after the other in their list, and print through what they are given
 * @returns the results of all, in the order of the lists
 */
export async function sideBySide<T>(
  lists: readonly (readonly ((print: Print) => Promise<T>)[])[],
  show: Print,
): Promise<readonly T[]> {
  const held: Parameters<Print>[0][][] = lists.map(() => []);
  const hasEnded = lists.map(() => false);
  let shown = 0;
  const showNext = () => {
    while (shown < lists.length) {
      for (const text of held[shown]!.splice(0)) show(text);
      if (!hasEnded[shown]) return;
      shown++;
    }
  };
  const results = await Promise.all(
    lists.map(async (list, index) => {
      const print: Print = (text) => {
        held[index]!.push(text);
        showNext();
      };
      const own: T[] = [];
      for (const work of list) own.push(await work(print));
      hasEnded[index] = true;
      showNext();
      return own;
    }),
  );
  return results.flat();
}
