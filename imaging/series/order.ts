// The order of a series' slices by position along their normal, never by file name, with gaps and repeated positions.
import type { CtFrame } from "../dicom/ct-instance.ts";

export type Vector = readonly [x: number, y: number, z: number];

/** A frame with its place in the archive. */
export interface PlacedFrame extends CtFrame {
  /** Place of its file in the archive's listing. */
  readonly file: number;
  readonly frame: number;
}

export interface OrderedFrame extends PlacedFrame {
  /** Along the normal, towards the head, mm. */
  readonly heightMm: number;
}

/** A frame at a position where another one was kept. */
export interface RepeatedFrame extends OrderedFrame {
  /** Of the frame that was kept, in `frames`. */
  readonly place: number;
}

export interface OrderedSeries {
  /** From the feet to the head, one for each position. */
  readonly frames: readonly OrderedFrame[];
  /** Median distance of neighbours, mm; 0 for a single slice. */
  readonly spacingMm: number;
  /** Further frames at these positions, in the order of their files. */
  readonly repeated: readonly RepeatedFrame[];
  /** Places where slices are missing. */
  readonly gaps: number;
  /** True where neighbours lie at clearly different distances without a gap. */
  readonly isMixed: boolean;
  /** Angle between the normal and the body's axis. */
  readonly tiltDegrees: number;
}

/** Slices nearer to each other than this have the same position. */
export const samePositionMm = 0.01;

function normalOf([rx, ry, rz, cx, cy, cz]: NonNullable<CtFrame["orientation"]>): Vector {
  return [ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx];
}

/** Whether slices lie across the body, allowing for a tilted gantry. */
export function isAxial(orientation: CtFrame["orientation"]): boolean {
  return orientation !== undefined && Math.abs(normalOf(orientation)[2]) > 0.8;
}

/** Angle between the slices' normal and the body's axis; 0 where the file does not say. */
export function tiltDegreesOf(orientation: CtFrame["orientation"]): number {
  if (!orientation) return 0;
  const normal = normalOf(orientation);
  const cosine = Math.abs(normal[2]) / (Math.hypot(...normal) || 1);
  return (Math.acos(Math.min(1, cosine)) * 180) / Math.PI;
}

/** Where the first pixel lies along a row and along a column of the slice, mm. */
export function placeInPlane({ positionMm, orientation = [1, 0, 0, 0, 1, 0] }: CtFrame): readonly [number, number] {
  if (!positionMm) return [0, 0];
  const along = (from: number) => positionMm.reduce((sum, mm, axis) => sum + mm * orientation[from + axis]!, 0);
  return [along(0), along(3)];
}

/** Of each frame along the slices' normal, towards the head, mm; NaN without a position, but for a lone frame. */
export function heightsOf(frames: readonly CtFrame[]): number[] {
  const orientation = frames.find((frame) => frame.orientation !== undefined)?.orientation;
  const normal = orientation ? normalOf(orientation) : ([0, 0, 1] as const);
  // Towards the head, whichever way the rows and columns run.
  const sign = normal[2] < 0 ? -1 : 1;
  return frames.map(({ positionMm }) => {
    if (!positionMm) return frames.length === 1 ? 0 : Number.NaN;
    return sign * (positionMm[0] * normal[0] + positionMm[1] * normal[1] + positionMm[2] * normal[2]);
  });
}

/** @param frames of one orientation; those without a position are left out, but for a lone one */
export function orderSeries(frames: readonly PlacedFrame[]): OrderedSeries {
  const heights = heightsOf(frames);
  const placed = frames
    .map((frame, index): OrderedFrame => ({ ...frame, heightMm: heights[index]! }))
    .filter(({ heightMm }) => Number.isFinite(heightMm))
    .sort((a, b) => a.heightMm - b.heightMm || a.file - b.file || a.frame - b.frame);
  const kept: OrderedFrame[] = [];
  const repeated: RepeatedFrame[] = [];
  for (const frame of placed) {
    if (frame.heightMm - (kept.at(-1)?.heightMm ?? Number.NEGATIVE_INFINITY) > samePositionMm) kept.push(frame);
    else repeated.push({ ...frame, place: kept.length - 1 });
  }
  const steps = kept.slice(1).map(({ heightMm }, index) => heightMm - kept[index]!.heightMm);
  const spacingMm = median(steps) ?? 0;
  const far = steps.filter((step) => step > 1.6 * spacingMm).length;
  const near = steps.filter((step) => step < 0.75 * spacingMm).length;
  // A few holes are gaps; many are slices taken at another distance.
  const isMixed = near > 0.1 * steps.length || far > 0.2 * steps.length;
  return {
    frames: kept,
    spacingMm,
    repeated,
    gaps: isMixed ? 0 : far,
    isMixed,
    tiltDegrees: tiltDegreesOf(frames.find((frame) => frame.orientation !== undefined)?.orientation),
  };
}

export function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
