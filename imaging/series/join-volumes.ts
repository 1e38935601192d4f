// One acquisition that was exported under several SeriesInstanceUIDs: joined where the headers show that it is one, and else
// marked as continued, so that half of a chest is not taken for a whole one.
import { heightsOf, median, placeInPlane, samePositionMm, tiltDegreesOf } from "./order.ts";
import { gapFactor, isInterleaved, type SeriesFrame } from "./split-volumes.ts";

export type Side = "below" | "above";

export interface JoinedVolume {
  readonly frames: readonly SeriesFrame[];
  /** Sides on which another series may continue the scan. */
  readonly continued: readonly Side[];
}

interface Part {
  readonly frames: SeriesFrame[];
  readonly continued: Set<Side>;
}

/** @param volumes of one grid, kernel and orientation */
export function joinVolumes(volumes: readonly (readonly SeriesFrame[])[]): JoinedVolume[] {
  const hasPlace = (frames: readonly SeriesFrame[]) => heightsOf(frames).every(Number.isFinite);
  const parts = volumes.filter(hasPlace).map((frames): Part => ({ frames: [...frames], continued: new Set() }));
  const others = volumes.filter((frames) => !hasPlace(frames)).map((frames) => ({ frames, continued: [] }));
  // From the feet to the head, so that the part below is complete when a part is joined to it.
  parts.sort((a, b) => lowest(a) - lowest(b));
  const joined: Part[] = [];
  for (const part of parts) {
    const below = joined.find((other) => isOneScan(other.frames, part.frames) && goesOn(other.frames, part.frames));
    if (below) below.frames.push(...part.frames);
    else joined.push(part);
  }
  for (const lower of joined) {
    for (const upper of joined) {
      if (lower === upper || lowest(lower) >= lowest(upper) || !mayBeOneScan(lower.frames, upper.frames)) continue;
      if (!goesOn(lower.frames, upper.frames)) continue;
      lower.continued.add("above");
      upper.continued.add("below");
    }
  }
  return [...joined.map(({ frames, continued }) => ({ frames, continued: [...continued] })), ...others];
}

function lowest({ frames }: Part): number {
  return Math.min(...heightsOf(frames));
}

/** Whether frame of reference, place in the plane, exposure and acquisition are the same. */
function isOneScan(lower: readonly SeriesFrame[], upper: readonly SeriesFrame[]): boolean {
  const [a, b] = [lower[0]!, upper[0]!];
  const uid = a.instance.frameOfReferenceUid;
  if (uid === "" || uid !== b.instance.frameOfReferenceUid || !mayBeOneScan(lower, upper)) return false;
  if (a.marks.acquisitionNumber !== b.marks.acquisitionNumber) return false;
  const [[row, column], [otherRow, otherColumn]] = [placeInPlane(a), placeInPlane(b)];
  // Under a tilted gantry columns begin farther back or forth with the height.
  const isTilted = tiltDegreesOf(a.orientation) > 1;
  return Math.abs(row - otherRow) < 1 && (isTilted || Math.abs(column - otherColumn) < 1);
}

/** Whether the exposure is the same; study, grid, kernel and orientation are the same for all. */
function mayBeOneScan([a]: readonly SeriesFrame[], [b]: readonly SeriesFrame[]): boolean {
  return (
    a!.instance.seriesUid !== b!.instance.seriesUid &&
    a!.instance.patientPosition === b!.instance.patientPosition &&
    a!.marks.kilovolts === b!.marks.kilovolts &&
    a!.marks.thickness === b!.marks.thickness
  );
}

/** Whether the upper part begins where the lower one ends, at the same distance of slices. */
function goesOn(lower: readonly SeriesFrame[], upper: readonly SeriesFrame[]): boolean {
  const [below, above] = [ascending(lower), ascending(upper)];
  const spacings = [below, above].flatMap((heights) => spacingOf(heights) ?? []);
  const thickness = Number.parseFloat(lower[0]!.marks.thickness ?? "");
  const spacingMm = Math.max(...(spacings.length > 0 ? spacings : [thickness]));
  if (!(spacingMm > 0) || Math.min(...spacings) < spacingMm / 1.3) return false;
  const distanceMm = above[0]! - below.at(-1)!;
  if (distanceMm > gapFactor * spacingMm) return false;
  const places = new Set(below.map((mm) => Math.round(mm / samePositionMm)));
  const repeated = above.filter((mm) => [-1, 0, 1].some((by) => places.has(Math.round(mm / samePositionMm) + by)));
  if (repeated.length > 0.25 * Math.min(below.length, above.length)) return false;
  return !isInterleaved(below, above);
}

function ascending(frames: readonly SeriesFrame[]): number[] {
  return heightsOf(frames).sort((a, b) => a - b);
}

function spacingOf(heights: readonly number[]): number | undefined {
  return median(heights.slice(1).map((mm, index) => mm - heights[index]!));
}
