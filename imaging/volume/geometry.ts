// From a scanner's grid to the common one, in millimetres: upright, one field of view, one spacing. Going to coarser
// pixels is averaging over what each one covers, so nothing aliases.
import type { CtFrame } from "../dicom/ct-instance.ts";
import { shrinkPixels } from "./shrink-pixels.ts";

export interface Plane {
  /** [rows, columns]: rows to the back, columns to the patient's left. */
  readonly values: Int16Array;
  readonly rows: number;
  readonly columns: number;
  readonly spacingMm: readonly [row: number, column: number];
}

/** How a stored slice becomes upright. */
interface Turn {
  /** Rows become columns. */
  readonly isTurned: boolean;
  readonly flipRows: boolean;
  readonly flipColumns: boolean;
}

function turnOf(orientation: CtFrame["orientation"]): Turn {
  const [rx, ry, , cx, cy] = orientation ?? [1, 0, 0, 0, 1, 0];
  const isTurned = Math.abs(rx) < Math.abs(ry);
  return { isTurned, flipRows: (isTurned ? ry : cy) < 0, flipColumns: (isTurned ? cx : rx) < 0 };
}

/** Size of a slice. */
export interface Size {
  readonly rows: number;
  readonly columns: number;
}

/** Size and pixel size of a slice once it is upright. */
export function uprightGrid(
  { rows, columns }: Size,
  about: Pick<CtFrame, "orientation" | "pixelSpacingMm">,
): Omit<Plane, "values"> {
  const [betweenRows, betweenColumns] = about.pixelSpacingMm ?? [1, 1];
  return turnOf(about.orientation).isTurned
    ? { rows: columns, columns: rows, spacingMm: [betweenColumns, betweenRows] }
    : { rows, columns, spacingMm: [betweenRows, betweenColumns] };
}

/** Where a pixel of the upright slice is stored: its place in the stored slice of this size. */
export function storedPlaces(
  { rows, columns }: Size,
  orientation: CtFrame["orientation"],
): (row: number, column: number) => number {
  const { isTurned, flipRows, flipColumns } = turnOf(orientation);
  const [lastRow, lastColumn] = isTurned ? [columns - 1, rows - 1] : [rows - 1, columns - 1];
  return (row, column) => {
    const fromRow = flipRows ? lastRow - row : row;
    const fromColumn = flipColumns ? lastColumn - column : column;
    return isTurned ? fromColumn * columns + fromRow : fromRow * columns + fromColumn;
  };
}

/**
 * Turns a slice so that its rows run to the patient's back and its columns to the left (LPS), in any position of the
 * patient, by the direction cosines (DICOM PS3.3 C.7.6.2.1.1).
 */
export function upright(values: Int16Array, size: Size, about: Pick<CtFrame, "orientation" | "pixelSpacingMm">): Plane {
  const grid = uprightGrid(size, about);
  const { isTurned, flipColumns, flipRows } = turnOf(about.orientation);
  if (!isTurned && !flipColumns && !flipRows) return { ...grid, values };
  const out = new Int16Array(values.length);
  const placeOf = storedPlaces(size, about.orientation);
  for (let row = 0, at = 0; row < grid.rows; row++)
    for (let column = 0; column < grid.columns; column++) out[at++] = values[placeOf(row, column)]!;
  return { ...grid, values: out };
}

/** Moves a plane's content towards its first row by whole rows; the freed rows hold `outside`. */
export function shiftRows(plane: Plane, by: number, outside: number): Plane {
  if (by === 0) return plane;
  const { values, rows, columns } = plane;
  const shifted = new Int16Array(values.length).fill(outside);
  const kept = values.subarray(Math.max(0, by) * columns, Math.min(rows, rows + by) * columns);
  shifted.set(kept, Math.max(0, -by) * columns);
  return { ...plane, values: shifted };
}

/** Means of factor x factor pixels; an incomplete last row or column is cut off. */
export function shrink(plane: Plane, factor: number): Plane {
  if (factor <= 1) return plane;
  const { spacingMm } = plane;
  return {
    values: shrinkPixels(plane.values, plane, factor),
    rows: Math.floor(plane.rows / factor),
    columns: Math.floor(plane.columns / factor),
    spacingMm: [spacingMm[0] * factor, spacingMm[1] * factor],
  };
}

/** The interval that a pixel or a slice represents, mm. */
export type Cell = readonly [from: number, to: number];

/** `count` cells of one width, the first beginning at `from`; by default the first pixel's centre is 0. */
export function cells(count: number, widthMm: number, from = -widthMm / 2): Cell[] {
  return Array.from({ length: count }, (_, index) => [from + index * widthMm, from + (index + 1) * widthMm]);
}

/** Each slice represents the space that is nearer to it than to its neighbours, so that gaps are bridged. */
export function cellsOfSlices(heightsMm: readonly number[], thicknessMm: number): Cell[] {
  const middle = (index: number) => (heightsMm[index]! + heightsMm[index + 1]!) / 2;
  return heightsMm.map((height, index) => [
    index > 0 ? middle(index - 1) : height - (heightsMm.length > 1 ? middle(0) - height : thicknessMm / 2),
    index < heightsMm.length - 1 ? middle(index) : height + (index > 0 ? height - middle(index - 1) : thicknessMm / 2),
  ]);
}

export interface Coverage {
  /** First input cell that counts. */
  readonly first: number;
  readonly weights: Float64Array;
  /** Share of the output that no input covers. */
  readonly beyond: number;
}

/**
 * Which input cells an output cell averages, by overlap. An output cell finer than the input's is widened to an input
 * cell's width: with overlap weights that is linear interpolation.
 * @param inputs ascending and adjoining
 */
export function coverage(inputs: readonly Cell[], outputs: readonly Cell[]): Coverage[] {
  const low = inputs[0]?.[0] ?? 0;
  const high = inputs.at(-1)?.[1] ?? 0;
  const meanWidth = (high - low) / Math.max(1, inputs.length);
  let start = 0;
  return outputs.map(([outFrom, outTo]) => {
    const half = Math.max(outTo - outFrom, meanWidth) / 2;
    const from = (outFrom + outTo) / 2 - half;
    const to = from + 2 * half;
    while (start < inputs.length && inputs[start]![1] <= from) start++;
    const weights: number[] = [];
    for (let at = start; at < inputs.length && inputs[at]![0] < to; at++) {
      weights.push((Math.min(to, inputs[at]![1]) - Math.max(from, inputs[at]![0])) / (to - from));
    }
    const covered = weights.reduce((sum, weight) => sum + weight, 0);
    return {
      first: Math.min(start, inputs.length - 1),
      weights: Float64Array.from(weights),
      beyond: Math.max(0, 1 - covered),
    };
  });
}

/** Slices to other cells along the normal; each output is the mean of the inputs that it covers. */
export function resampleSlices(
  slices: readonly Float32Array[],
  inputs: readonly Cell[],
  outputs: readonly Cell[],
): Float32Array[] {
  return coverage(inputs, outputs).map(({ first, weights, beyond }) => {
    const mean = new Float32Array(slices[0]?.length ?? 0);
    for (let k = 0; k < weights.length; k++) {
      const slice = slices[first + k]!;
      const share = weights[k]! / (1 - beyond);
      for (let pixel = 0; pixel < mean.length; pixel++) mean[pixel]! += share * slice[pixel]!;
    }
    return mean;
  });
}
