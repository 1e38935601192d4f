// A mask of a normalised scan on the slices that the scanner made: each stored pixel takes the value of the cell in which it
// lies.
import type { CtFrame } from "../dicom/ct-instance.ts";
import type { NormalPlace } from "../import/normalise.ts";
import { type Size, storedPlaces, uprightGrid } from "../volume/geometry.ts";

export interface NormalMask extends NormalPlace, Size {
  /** 1 where masked, [cells, rows, columns]. */
  readonly values: Uint8Array;
}

/** The masked pixels of a stored slice, rows x columns of 0 and 1; undefined if there are none. */
export type MaskOnSource = (
  frame: Pick<CtFrame, "orientation" | "pixelSpacingMm">,
  originMm: readonly [row: number, column: number],
  heightMm: number,
) => Uint8Array | undefined;

/** @param size of the stored slices */
export function openMaskOnSource({ values, cells, field, rows, columns }: NormalMask, size: Size): MaskOnSource {
  const [top, left] = field.centreMm.map((mm) => mm - field.sideMm / 2) as [number, number];
  return (frame, originMm, heightMm) => {
    const cell = cells.findIndex(([low, high]) => heightMm >= low && heightMm < high);
    if (cell < 0) return undefined;
    const slice = values.subarray(cell * rows * columns, (cell + 1) * rows * columns);
    if (!slice.includes(1)) return undefined;
    const grid = uprightGrid(size, frame);
    const line = (pixels: number, spacingMm: number, origin: number, start: number, count: number) =>
      Int32Array.from({ length: pixels }, (_, pixel) => {
        const at = Math.floor(((pixel * spacingMm - origin - start) * count) / field.sideMm);
        return at >= 0 && at < count ? at : -1;
      });
    const rowOf = line(grid.rows, grid.spacingMm[0], originMm[0], top, rows);
    const columnOf = line(grid.columns, grid.spacingMm[1], originMm[1], left, columns);
    const placeOf = storedPlaces(size, frame.orientation);
    const stored = new Uint8Array(size.rows * size.columns);
    let isAny = false;
    for (let row = 0; row < grid.rows; row++) {
      if (rowOf[row]! < 0) continue;
      for (let column = 0; column < grid.columns; column++) {
        if (columnOf[column]! < 0 || slice[rowOf[row]! * columns + columnOf[column]!] !== 1) continue;
        stored[placeOf(row, column)] = 1;
        isAny = true;
      }
    }
    return isAny ? stored : undefined;
  };
}
