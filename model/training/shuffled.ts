// A reproducible random order.

/** Fisher and Yates, in place. @param next gives the next 32-bit integer */
export function shuffled(items: number[], next: () => number): number[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = next() % (last + 1);
    [items[last], items[other]] = [items[other]!, items[last]!];
  }
  return items;
}
