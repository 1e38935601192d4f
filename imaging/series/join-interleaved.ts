// One acquisition whose slices were dealt out over several series, the even ones in one and the odd ones in another: together
// they are the scan, and each alone is a scan of half its resolution.
import { orderAttributes, type VolumeMark, volumeMarks } from "../dicom/volume-attributes.ts";
import { isOfOneMake } from "./join-volumes.ts";
import { heightsOf, median, samePositionMm } from "./order.ts";
import type { SeriesFrame } from "./split-volumes.ts";

export interface Interleaved {
  readonly volumes: readonly SeriesFrame[][];
  /** Volumes between whose slices others lie, when nothing says whether they are of one acquisition. */
  readonly unclear: readonly SeriesFrame[][];
}

/** @param volumes of one grid, kernel and orientation */
export function joinInterleaved(volumes: readonly SeriesFrame[][]): Interleaved {
  const [joined, unclear]: [SeriesFrame[][], SeriesFrame[][]] = [[], []];
  const rest = volumes.filter((frames) => frames.length >= leastSlices && heightsOf(frames).every(Number.isFinite));
  joined.push(...volumes.filter((frames) => !rest.includes(frames)));
  for (let first = rest.shift(); first; first = rest.shift()) {
    const alike = rest.filter((other) => isOfOneMake(first!, other) && hasSameMarks(first!, other));
    const parts = [alike, ...alike.map((other) => [other])].find((others) => isDealtOut([first!, ...others])) ?? [];
    for (const part of parts) rest.splice(rest.indexOf(part), 1);
    const all = [first, ...parts];
    const relation = parts.length === 0 ? "apart" : relationOf(all.flat());
    if (relation === "one") joined.push(all.flat());
    else (relation === "apart" ? joined : unclear).push(...all);
  }
  return { volumes: joined, unclear };
}

const leastSlices = 3;
/** Marks that each series has of its own. */
const marksOfSeries: readonly VolumeMark[] = ["seriesNumber", "seriesDescription", "imageComments"];

function hasSameMarks([a]: readonly SeriesFrame[], [b]: readonly SeriesFrame[]): boolean {
  return (Object.keys(volumeMarks) as VolumeMark[]).every(
    (name) => marksOfSeries.includes(name) || a!.marks[name] === b!.marks[name],
  );
}

/** Steps of one scan differ by no more than this share of them. */
const sameStep = 0.1;
/** Slices may be lost here and there. */
const mostLost = 0.1;

/** Whether the slices of all parts together lie at one distance, and so each part's at a multiple of it. */
function isDealtOut(parts: readonly SeriesFrame[][]): boolean {
  if (parts.length < 2) return false;
  const [shortest, longest] = [Math.min, Math.max].map((of) => of(...parts.map(({ length }) => length)));
  if (shortest! < longest! / 1.5) return false;
  const steps = stepsOf(parts.flat());
  const step = median(steps) ?? 0;
  const odd = steps.filter((mm) => Math.abs(mm - step) > sameStep * step);
  const isOneDistance = odd.length <= mostLost * steps.length && odd.every((mm) => mm > step);
  return (
    step > samePositionMm &&
    isOneDistance &&
    parts.every((part) => Math.abs((median(stepsOf(part)) ?? 0) / step - parts.length) < parts.length * sameStep)
  );
}

function stepsOf(frames: readonly SeriesFrame[]): number[] {
  const heights = heightsOf(frames).sort((a, b) => a - b);
  return heights.slice(1).map((mm, index) => mm - heights[index]!);
}

/**
 * Whether slices were made one after the other along the body, as those of one acquisition are; "apart" where times go back and
 * forth between two scans, such as one in inspiration and one in expiration. Volumes into which one series was parted differ in
 * something, and are one only if all times and numbers say so: noise of positions parted them.
 */
function relationOf(frames: readonly SeriesFrame[]): "one" | "apart" | "unclear" {
  const heights = heightsOf(frames);
  const ordered = frames.map((frame, index) => ({ frame, mm: heights[index]! })).sort((a, b) => a.mm - b.mm);
  const isInOrder = (name: keyof typeof orderAttributes) => {
    const at = Object.keys(orderAttributes).indexOf(name);
    const values = ordered.map(({ frame }) => frame.order[at]);
    if (!values.every((value) => typeof value === "number")) return undefined;
    return isMonotonic(values, (step) => (name === "instanceNumber" ? step > 0 : step >= 0));
  };
  if (new Set(frames.map(({ instance }) => instance.seriesUid)).size === 1) {
    const names = Object.keys(orderAttributes) as (keyof typeof orderAttributes)[];
    return isInOrder("instanceNumber") && names.every((name) => isInOrder(name) ?? true) ? "one" : "apart";
  }
  const byTime = isInOrder("acquisitionTime");
  if (byTime !== undefined) return byTime ? "one" : "apart";
  return isInOrder("instanceNumber") ? "one" : "unclear";
}

function isMonotonic(values: readonly number[], isUp: (step: number) => boolean): boolean {
  const steps = values.slice(1).map((value, index) => value - values[index]!);
  return steps.every(isUp) || steps.every((step) => isUp(-step));
}
