// One acquisition that was exported under several SeriesInstanceUIDs: joined where the headers show that it is one, and else
// marked as continued, so that half of a chest is not taken for a whole one.
import { heightsOf, median, orderSeries, placeInPlane, samePositionMm, tiltDegreesOf } from "./order.ts";
import { gapFactor, isInterleaved, type SeriesFrame } from "./split-volumes.ts";

export type Side = "below" | "above";

/** @param volumes of one grid, kernel and orientation */
export function joinVolumes(volumes: readonly (readonly SeriesFrame[])[]): SeriesFrame[][] {
  // From the feet to the head, so that the part below is complete when a part is joined to it.
  const parts = volumes.filter(hasPlace).sort((a, b) => lowest(a) - lowest(b));
  const joined: SeriesFrame[][] = [];
  for (const part of parts) {
    const below = joined.find((other) => isOneScan(other, part) && goesOn(other, part));
    if (below) below.push(...part);
    else joined.push([...part]);
  }
  return [...joined, ...volumes.filter((frames) => !hasPlace(frames)).map((frames) => [...frames])];
}

/** If more than this share of a volume's slices is missing, what is left no longer shows one scan. */
const mostMissing = 0.2;

/** The parts of a volume between the places where slices are missing; itself where these are few. */
export function partsBetweenGaps(frames: readonly SeriesFrame[]): SeriesFrame[][] {
  const { spacingMm, isMixed, gaps } = orderSeries(frames);
  if (gaps === 0 || isMixed || !hasPlace(frames)) return [[...frames]];
  const heights = heightsOf(frames);
  const sorted = frames.map((frame, index) => ({ frame, mm: heights[index]! })).sort((a, b) => a.mm - b.mm);
  const parts: SeriesFrame[][] = [];
  let missing = 0;
  for (const [index, { frame, mm }] of sorted.entries()) {
    const step = index === 0 ? Number.POSITIVE_INFINITY : mm - sorted[index - 1]!.mm;
    if (step <= gapFactor * spacingMm) parts.at(-1)!.push(frame);
    else {
      parts.push([frame]);
      if (index > 0) missing += Math.round(step / spacingMm) - 1;
    }
  }
  return missing > mostMissing * (frames.length + missing) ? parts : [[...frames]];
}

/** Where a volume lies, for continuedSides. */
export interface VolumeExtent {
  readonly lowMm: number;
  readonly highMm: number;
  /** Beyond this distance a neighbour does not adjoin. */
  readonly gapMm: number;
  readonly instance: SeriesFrame["instance"];
}

/** @returns undefined for slices without positions */
export function extentOf(frames: readonly SeriesFrame[]): VolumeExtent | undefined {
  if (!hasPlace(frames)) return undefined;
  const heights = ascending(frames);
  const spacingMm = spacingOf(heights) ?? (Number.parseFloat(frames[0]!.marks.thickness ?? "") || 0);
  const gapMm = gapFactor * spacingMm;
  return { lowMm: heights[0]!, highMm: heights.at(-1)!, gapMm, instance: frames[0]!.instance };
}

/**
 * Sides on which one of the others has slices of the same patient where a volume ends. It may be another series, another
 * grid or a damaged half: if lungs are cut there, the volume is not the whole scan.
 */
export function continuedSides(frames: readonly SeriesFrame[], others: readonly VolumeExtent[]): Side[] {
  const own = extentOf(frames);
  if (!own) return [];
  const sides = new Set<Side>();
  for (const other of others) {
    if (!isOfOneVisit(own, other)) continue;
    const gapMm = Math.max(own.gapMm, other.gapMm);
    if (other.lowMm <= own.highMm + gapMm && other.highMm > own.highMm + gapMm) sides.add("above");
    if (other.highMm >= own.lowMm - gapMm && other.lowMm < own.lowMm - gapMm) sides.add("below");
  }
  return [...sides];
}

/** Sides on which another part of the same acquisition lies beyond slices that are missing. */
export function partedSides(volume: readonly SeriesFrame[], others: readonly (readonly SeriesFrame[])[]): Side[] {
  const own = extentOf(volume);
  if (!own) return [];
  const sides = new Set<Side>();
  for (const other of others) {
    const its = extentOf(other);
    const isOfOneSeries = other[0]!.instance.seriesUid === volume[0]!.instance.seriesUid;
    if (other === volume || !its || !(isOfOneSeries || isOneScan(volume, other))) continue;
    if (its.lowMm > own.highMm) sides.add("above");
    if (its.highMm < own.lowMm) sides.add("below");
  }
  return [...sides];
}

/** Positions compare within a frame of reference, and in practice within a study. */
function isOfOneVisit({ instance: a }: VolumeExtent, { instance: b }: VolumeExtent): boolean {
  const isSameFrame = a.frameOfReferenceUid !== "" && a.frameOfReferenceUid === b.frameOfReferenceUid;
  return a.patientPosition === b.patientPosition && (isSameFrame || a.studyUid === b.studyUid);
}

/** Whether a volume looks like one part of a scan that a part of the same make continues. */
export function isPart(volume: readonly SeriesFrame[], others: readonly (readonly SeriesFrame[])[]): boolean {
  return others.some((other) => {
    if (other === volume || !hasPlace(volume) || !hasPlace(other) || !mayBeOneScan(volume, other)) return false;
    const [lower, upper] = lowest(volume) < lowest(other) ? [volume, other] : [other, volume];
    return lowest(lower) < lowest(upper) && goesOn(lower, upper);
  });
}

function hasPlace(frames: readonly SeriesFrame[]): boolean {
  return heightsOf(frames).every(Number.isFinite);
}

function lowest(frames: readonly SeriesFrame[]): number {
  return heightsOf(frames).reduce((a, b) => Math.min(a, b));
}

/** Whether frame of reference, place in the plane, exposure and acquisition are the same. */
function isOneScan(lower: readonly SeriesFrame[], upper: readonly SeriesFrame[]): boolean {
  const [a, b] = [lower[0]!.instance, upper[0]!.instance];
  return a.frameOfReferenceUid !== "" && a.seriesUid !== b.seriesUid && isOfOneMake(lower, upper);
}

/** The same, but also for volumes of one series, and for those that do not name their frame of reference. */
export function isOfOneMake(one: readonly SeriesFrame[], other: readonly SeriesFrame[]): boolean {
  const [a, b] = [one[0]!, other[0]!];
  if (a.instance.frameOfReferenceUid !== b.instance.frameOfReferenceUid || !isOneExposure(one, other)) return false;
  if (a.marks.acquisitionNumber !== b.marks.acquisitionNumber) return false;
  const [[row, column], [otherRow, otherColumn]] = [placeInPlane(a), placeInPlane(b)];
  // Under a tilted gantry columns begin farther back or forth with the height.
  const isTilted = tiltDegreesOf(a.orientation) > 1;
  return Math.abs(row - otherRow) < 1 && (isTilted || Math.abs(column - otherColumn) < 1);
}

/** Halves of one scan may overlap by so much of the smaller one; two scans of one place overlap by more. */
const mostRepeated = 0.4;

function mayBeOneScan(one: readonly SeriesFrame[], other: readonly SeriesFrame[]): boolean {
  return one[0]!.instance.seriesUid !== other[0]!.instance.seriesUid && isOneExposure(one, other);
}

/** Study, grid, kernel and orientation are the same for all. */
function isOneExposure([a]: readonly SeriesFrame[], [b]: readonly SeriesFrame[]): boolean {
  return (
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
  if (repeated.length > mostRepeated * Math.min(below.length, above.length)) return false;
  return !isInterleaved(below, above);
}

function ascending(frames: readonly SeriesFrame[]): number[] {
  return heightsOf(frames).sort((a, b) => a - b);
}

function spacingOf(heights: readonly number[]): number | undefined {
  return median(heights.slice(1).map((mm, index) => mm - heights[index]!));
}
