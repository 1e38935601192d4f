// The slices of a series that can be used: those whose values and positions can be read. If more than a few cannot, the others
// no longer show the scan, and the whole series is left.
import { clusterPoints, groupBy } from "./clusters.ts";
import { isAtOnePlace, type SeriesFrame } from "./split-volumes.ts";

export interface UsableSlices {
  readonly kept: readonly SeriesFrame[];
  readonly left: readonly {
    readonly frames: readonly SeriesFrame[];
    readonly reason: "MIXED_PIXEL_SIZES" | "VALUE_UNREADABLE" | "NO_POSITION" | "TOO_FEW_SLICES";
    readonly facts?: Readonly<Record<string, string>>;
  }[];
}

/** If more than this share of a series' slices cannot be used, the whole series is left. */
const mostUnusable = 0.2;
/** Largest difference by noise and rounding of pixel sizes, as a share. */
export const samePixelSize = 0.005;

/** @param attributes that make the whole series unreadable, by unreadableSeries */
export function usableSlices(series: readonly SeriesFrame[], attributes: string | undefined): UsableSlices {
  if (hasSeveralPixelSizes(series)) return { kept: [], left: [{ frames: series, reason: "MIXED_PIXEL_SIZES" }] };
  if (attributes !== undefined)
    return { kept: [], left: [{ frames: series, reason: "VALUE_UNREADABLE", facts: { attributes } }] };
  const left: UsableSlices["left"][number][] = [];
  const bad = series.filter(isUnreadable);
  if (bad.length > 0) left.push({ frames: bad, reason: "VALUE_UNREADABLE", facts: { attributes: namesOf(bad) } });
  const readable = series.filter((frame) => !isUnreadable(frame));
  const unplaced = readable.filter(({ positionMm }) => positionMm === undefined);
  // A lone slice needs no position; more without one cannot be put into an order.
  if (readable.length < 2) return { kept: readable, left };
  // Of a contrast agent's arrival, for instance: one slice many times is no scan.
  if (isAtOnePlace(readable)) return { kept: [], left: [...left, { frames: readable, reason: "TOO_FEW_SLICES" }] };
  if (unplaced.length === 0) return { kept: readable, left };
  const isWhole = unplaced.length > mostUnusable * readable.length;
  left.push({ frames: isWhole ? readable : unplaced, reason: "NO_POSITION" });
  return { kept: isWhole ? [] : readable.filter(({ positionMm }) => positionMm !== undefined), left };
}

/**
 * Of each frame of a series in which more than a few slices have an attribute that cannot be read, the attributes. Slices whose
 * pixel size or direction cannot be read lie in a grid of their own, and still count for the series.
 */
export function unreadableSeries(frames: readonly SeriesFrame[]): ReadonlyMap<SeriesFrame, string> {
  const found = new Map<SeriesFrame, string>();
  for (const series of seriesOf(frames)) {
    const alike = groupBy(series, ({ instance: { kernel, rows, columns } }) => JSON.stringify([kernel, rows, columns]));
    for (const [, own] of alike) {
      const bad = own.filter(isUnreadable);
      if (bad.length > mostUnusable * own.length) for (const frame of own) found.set(frame, namesOf(bad));
      else if (bad.length === 0) for (const name of lackingInSome(own)) for (const frame of own) found.set(frame, name);
    }
  }
  return found;
}

/** Attributes that more than a few slices of a series lack and the others have: the others alone are not the scan. */
function lackingInSome(series: readonly SeriesFrame[]): string[] {
  const attributes = {
    PixelSpacing: ({ pixelSpacingMm }: SeriesFrame) => pixelSpacingMm,
    ImageOrientationPatient: ({ orientation }: SeriesFrame) => orientation,
  };
  return Object.entries(attributes).flatMap(([name, read]) => {
    const lacking = series.filter((frame) => read(frame) === undefined).length;
    return lacking > mostUnusable * series.length && lacking < (1 - mostUnusable) * series.length ? [name] : [];
  });
}

/** By SeriesInstanceUID; slices that have one each are one series. */
export function seriesOf(frames: readonly SeriesFrame[]): SeriesFrame[][] {
  const groups = [...groupBy(frames, ({ instance }) => instance.seriesUid).values()];
  const single = groups.filter((group) => group.length === 1).flat();
  const several = groups.filter((group) => group.length > 1);
  return single.length > 0 ? [...several, single] : several;
}

function isUnreadable({ instance }: SeriesFrame): boolean {
  return instance.unreadable.length > 0;
}

function namesOf(bad: readonly SeriesFrame[]): string {
  return [...new Set(bad.flatMap(({ instance }) => instance.unreadable))].sort().join(" ");
}

/** Frames of one file may claim several sizes, and would not lie above each other. */
function hasSeveralPixelSizes(frames: readonly SeriesFrame[]): boolean {
  const claimed = frames.map(({ pixelSpacingMm }) => (pixelSpacingMm ?? []).map(Math.log));
  return new Set(clusterPoints(claimed, samePixelSize)).size > 1;
}
