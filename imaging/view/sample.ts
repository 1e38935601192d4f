// Reads a volume between its voxels, so that thick slices do not look like stairs.
import type { CtVolume } from "./volume.ts";

/** HU at a fractional (slice, row, column) by trilinear interpolation; the nearest edge voxel outside. */
export function sampleHu({ hu, slices, rows, columns }: CtVolume, slice: number, row: number, column: number): number {
  const s = Math.max(0, Math.min(slices - 1, slice));
  const r = Math.max(0, Math.min(rows - 1, row));
  const c = Math.max(0, Math.min(columns - 1, column));
  const s0 = Math.floor(s);
  const r0 = Math.floor(r);
  const c0 = Math.floor(c);
  const s1 = Math.min(slices - 1, s0 + 1);
  const r1 = Math.min(rows - 1, r0 + 1);
  const c1 = Math.min(columns - 1, c0 + 1);
  const fr = r - r0;
  const fc = c - c0;
  const plane = (at: number) => {
    const upper = (at * rows + r0) * columns;
    const lower = (at * rows + r1) * columns;
    const above = hu[upper + c0]! + fc * (hu[upper + c1]! - hu[upper + c0]!);
    const below = hu[lower + c0]! + fc * (hu[lower + c1]! - hu[lower + c0]!);
    return above + fr * (below - above);
  };
  const first = plane(s0);
  return s1 === s0 ? first : first + (s - s0) * (plane(s1) - first);
}
