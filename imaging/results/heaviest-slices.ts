// The slices of a scan that weighed most in a score, with the files in which they are stored.

import type { FoundScan } from "../import/open-scans.ts";
import type { Cell, Plane } from "../volume/geometry.ts";

/** A slice that a network was shown. */
export interface WeighedSlice {
  /** Of the normalised scan, from 0. */
  readonly slice: number;
  /** Contribution to the positive class, relative to the largest one; negative where it lowers the score. */
  readonly weight: number;
}

export interface HeavySlice {
  readonly weight: number;
  readonly plane: Plane;
  /** Number of the slice from the feet, from 1, and how many there are. */
  readonly number: number;
  readonly of: number;
  /** Place of its file in the listing, and its frame in it, from 0. */
  readonly file: number;
  readonly frame: number;
  readonly isOneOfFrames: boolean;
}

/** At most `count` slices with the largest weights above zero, the largest first; at least one. */
export function heaviestSlices(
  { stack, chosen }: FoundScan,
  cells: readonly Cell[],
  weighed: readonly WeighedSlice[],
  count: number,
): HeavySlice[] {
  const sorted = [...weighed].sort((a, b) => b.weight - a.weight);
  const taken = sorted.filter(({ weight }, rank) => rank === 0 || weight > 0).slice(0, count);
  return taken.map(({ slice, weight }) => {
    const [low, high] = cells[slice]!;
    const nearest = nearestTo((low + high) / 2, stack.heightsMm);
    const place = stack.places[nearest]!;
    const { file, frame } = chosen.order.frames[place]!;
    const { instance } = chosen.files.find((one) => one.file === file)!;
    const isOneOfFrames = instance.frames.length > 1;
    const about = { number: place + 1, of: chosen.order.frames.length, file, frame, isOneOfFrames };
    return { weight, plane: stack.planes[nearest]!, ...about };
  });
}

function nearestTo(heightMm: number, heightsMm: readonly number[]): number {
  let nearest = 0;
  for (const [index, mm] of heightsMm.entries())
    if (Math.abs(mm - heightMm) < Math.abs(heightsMm[nearest]! - heightMm)) nearest = index;
  return nearest;
}
