// Where the measured pixels of a slice lie. Archives and converters put constant margins around slices; a scan must give the
// same shard with and without them, and squares of averaged pixels begin where the image does.
import type { Plane } from "./geometry.ts";

/** Rows and columns of an upright slice; `bottom` and `right` are the first ones after it. */
export interface PixelBox {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/**
 * The slice without the lines at its borders that hold one value only: measured lines have noise, margins have none.
 *
 * @returns undefined where all pixels have one value
 */
export function measuredBox({ values, rows, columns }: Omit<Plane, "spacingMm">): PixelBox | undefined {
  let [top, bottom, left, right] = [0, rows, 0, columns];
  const isConstant = (start: number, step: number, count: number) => {
    const first = values[start];
    for (let at = 1; at < count; at++) if (values[start + at * step] !== first) return false;
    return true;
  };
  const isConstantRow = (row: number) => isConstant(row * columns + left, 1, right - left);
  const isConstantColumn = (column: number) => isConstant(top * columns + column, columns, bottom - top);
  // A line may be constant only once the margin across it is gone.
  for (let before = -1; before !== top + left + rows - bottom + columns - right; ) {
    before = top + left + rows - bottom + columns - right;
    while (top < bottom && isConstantRow(top)) top++;
    while (bottom > top && isConstantRow(bottom - 1)) bottom--;
    if (top === bottom) return undefined;
    while (left < right && isConstantColumn(left)) left++;
    while (right > left && isConstantColumn(right - 1)) right--;
  }
  return { top, bottom, left, right };
}

/** The smallest box around both. */
export function aroundBoth(one: PixelBox, other: PixelBox): PixelBox {
  return {
    top: Math.min(one.top, other.top),
    bottom: Math.max(one.bottom, other.bottom),
    left: Math.min(one.left, other.left),
    right: Math.max(one.right, other.right),
  };
}

/** Whether the inner box lies within the outer one. */
export function isWithin(inner: PixelBox, outer: PixelBox): boolean {
  const { top, bottom, left, right } = outer;
  return inner.top >= top && inner.bottom <= bottom && inner.left >= left && inner.right <= right;
}

/** The part of a plane within the box, and before and after it `roomRows` rows that hold `outside`, whatever the margin holds. */
export function cutTo(plane: Plane, box: PixelBox, roomRows: number, outside: number): Plane {
  const { top, bottom, left, right } = box;
  const [rows, columns] = [bottom - top + 2 * roomRows, right - left];
  if (rows === plane.rows && columns === plane.columns && roomRows === 0) return plane;
  const values = new Int16Array(rows * columns);
  if (roomRows > 0) values.fill(outside);
  for (let row = top; row < bottom; row++) {
    const from = row * plane.columns;
    values.set(plane.values.subarray(from + left, from + right), (row - top + roomRows) * columns);
  }
  return { ...plane, values, rows, columns };
}
