// Values that noise makes slightly different, grouped by their distances. Rounding would part two values that lie on either
// side of a limit, however near they are.

/** The group of each value, 0 upwards in ascending order: neighbours no farther apart than the tolerance share a group. */
export function clusterNumbers(values: readonly number[], tolerance: number): number[] {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  const groups = new Map<number, number>();
  let group = 0;
  for (const [index, value] of sorted.entries()) {
    if (index > 0 && value - sorted[index - 1]! > tolerance) group++;
    groups.set(value, group);
  }
  return values.map((value) => groups.get(value)!);
}

/**
 * The group of each point, 0 upwards in the order of first points: points within half the tolerance of each other always
 * share a group, and points farther apart than twice the tolerance only through others between them.
 */
export function clusterPoints(points: readonly (readonly number[])[], tolerance: number): number[] {
  const leaders: (readonly number[])[] = [];
  const leaderOf = points.map((point) => {
    const known = leaders.findIndex((leader) => distance(leader, point) <= tolerance / 2);
    return known >= 0 ? known : leaders.push(point) - 1;
  });
  // Leaders that lie near each other stand for one group, named by the first of them.
  const groups = leaders.map((_, index) => index);
  for (const [index, leader] of leaders.entries()) {
    for (let other = 0; other < index; other++) {
      if (groups[other] === groups[index] || distance(leader, leaders[other]!) > tolerance) continue;
      const [low, high] = [Math.min(groups[other]!, groups[index]!), Math.max(groups[other]!, groups[index]!)];
      for (const [at, group] of groups.entries()) if (group === high) groups[at] = low;
    }
  }
  return leaderOf.map((leader) => groups[leader]!);
}

/** Largest difference of a coordinate. */
function distance(a: readonly number[], b: readonly number[]): number {
  let largest = 0;
  for (let at = 0; at < Math.max(a.length, b.length); at++)
    largest = Math.max(largest, Math.abs((a[at] ?? Infinity) - (b[at] ?? Infinity)) || 0);
  return a.length === b.length ? largest : Infinity;
}

export function groupBy<Item, Key>(
  items: readonly Item[],
  keyOf: (item: Item, index: number) => Key,
): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(item, index);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
