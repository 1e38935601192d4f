// Where a stored slice lies in the patient, also when the picture is turned because the patient lay on the front or side.
import type { ScanGeometry } from "./synthesise-scan.ts";

/** Quarter turns of the picture against the clock: 0 supine, 1 lying on the right side, 2 prone. */
export type QuarterTurns = 0 | 1 | 2;

/** ImagePositionPatient and ImageOrientationPatient of a slice (DICOM PS3.3 C.7.6.2). */
export interface Placement {
  readonly turns: QuarterTurns;
  readonly positionMm: readonly [x: number, y: number, z: number];
  /** Direction of growing column, then of growing row. */
  readonly orientation: readonly [number, number, number, number, number, number];
}

/** Places a slice so that every voxel keeps its place in the patient however the picture is turned. */
export function placeSlice(geometry: ScanGeometry, slice: number, turns: QuarterTurns): Placement {
  const [x, y, z0] = geometry.originMm;
  const z = z0 + slice * geometry.spacingMm[0];
  const right = x + (geometry.columns - 1) * geometry.spacingMm[2];
  const bottom = y + (geometry.rows - 1) * geometry.spacingMm[1];
  if (turns === 0) return { turns, positionMm: [x, y, z], orientation: [1, 0, 0, 0, 1, 0] };
  if (turns === 1) return { turns, positionMm: [right, y, z], orientation: [0, 1, 0, -1, 0, 0] };
  return { turns, positionMm: [right, bottom, z], orientation: [-1, 0, 0, 0, -1, 0] };
}

/** Turns a square slice of size x size words. */
export function turnWords(words: Int16Array, size: number, turns: QuarterTurns): Int16Array {
  if (turns === 0) return words;
  if (turns === 2) return Int16Array.from(words).reverse();
  return words.map((_, at) => words[(at % size) * size + (size - 1 - Math.floor(at / size))]!);
}
