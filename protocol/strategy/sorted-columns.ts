// Coordinate-wise rules need each coordinate's values in ascending order.
import type { Columns } from "./strategy.ts";

/** Calls `visit` for each coordinate with all hospitals' values, ascending; the array is reused. */
export function forEachSorted(columns: Columns, visit: (sorted: Int32Array, coordinate: number) => void): void {
  const length = columns[0]?.length ?? 0;
  const count = columns.length;
  const sorted = new Int32Array(count);
  for (let coordinate = 0; coordinate < length; coordinate++) {
    for (let hospital = 0; hospital < count; hospital++) {
      const value = columns[hospital]![coordinate]!;
      let place = hospital;
      while (place > 0 && sorted[place - 1]! > value) {
        sorted[place] = sorted[place - 1]!;
        place--;
      }
      sorted[place] = value;
    }
    visit(sorted, coordinate);
  }
}

/** Twice the median of sorted integers: an integer for even counts too. */
export function doubledMedian(sorted: Int32Array): number {
  const upper = sorted.length >> 1;
  const lower = (sorted.length - 1) >> 1;
  return sorted[lower]! + sorted[upper]!;
}
