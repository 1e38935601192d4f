// The volumes that one series mixes: time points, phases, acquisitions, reconstructions of the same positions.
import type { CtFrame } from "../dicom/ct-instance.ts";
import { orderAttributes, type VolumeAttribute, type VolumeMark, volumeMarks } from "../dicom/volume-attributes.ts";
import { clusterNumbers, clusterPoints, groupBy } from "./clusters.ts";
import type { ExaminedFile, SeriesInstance } from "./examined-file.ts";
import { heightsOf, median, type PlacedFrame, placeInPlane, samePositionMm } from "./order.ts";

/** A frame with the header of its file. */
export interface SeriesFrame extends PlacedFrame {
  readonly instance: SeriesInstance;
}

export function framesOf(files: readonly ExaminedFile[]): SeriesFrame[] {
  return files.flatMap(({ file, instance }) =>
    instance.frames.map((frame, index) => ({ ...frame, file, frame: index, instance })),
  );
}

/** Share of the smaller volume's slices that may lie in the larger one: acquisitions that adjoin overlap a little. */
const mostOverlap = 0.25;
/** A distance of slices above this many times the usual one is a gap. */
export const gapFactor = 1.6;
/** Largest difference by noise of the first pixel's place in the plane, mm. */
const sameOriginMm = 0.5;

/**
 * Parts frames into volumes by the attributes of volume-attributes.ts, one after the other. Values of an attribute stay
 * together while their slices adjoin, as blocks of one scan do, and are parted where they take the same positions or lie
 * between each other's slices.
 *
 * @param frames of one grid, kernel and orientation
 */
export function splitVolumes(frames: readonly SeriesFrame[]): SeriesFrame[][] {
  let volumes: SeriesFrame[][] = [[...frames]];
  for (const { keysOf, isOrder } of attributes)
    volumes = volumes.flatMap((volume) => splitBy(volume, keysOf(volume), isOrder));
  return volumes;
}

interface Attribute {
  /** The group of each frame, ascending numbers; -1 where the file does not say. */
  readonly keysOf: (frames: readonly SeriesFrame[]) => readonly number[];
  /** Values may differ from slice to slice, and matter only for slices at the same position. */
  readonly isOrder: boolean;
}

const attributes: readonly Attribute[] = [
  textAttribute(({ instance }) => instance.frameOfReferenceUid),
  textAttribute(({ instance }) => instance.patientPosition),
  textAttribute(({ instance }) => instance.imageType.join("\\")),
  { keysOf: (frames) => clusterPoints(frames.map(placeInPlane), sameOriginMm), isOrder: false },
  ...(Object.entries(volumeMarks) as [VolumeMark, VolumeAttribute][]).map(([name, { tolerance }]): Attribute => {
    const markOf = ({ marks }: CtFrame) => marks[name] ?? "";
    if (tolerance === undefined) return textAttribute(markOf);
    return numberAttribute((frame) => Number.parseFloat(markOf(frame)), tolerance, false);
  }),
  ...Object.keys(orderAttributes).map((_, index) =>
    numberAttribute(({ order }) => order[index] ?? Number.NaN, 0, true),
  ),
];

function textAttribute(read: (frame: SeriesFrame) => string): Attribute {
  return {
    keysOf(frames) {
      const texts = frames.map(read);
      const sorted = [...new Set(texts)].filter((text) => text !== "").sort();
      // A text of each slice's own says nothing about volumes.
      if (sorted.length > Math.max(2, frames.length / 3)) return texts.map(() => -1);
      return texts.map((text) => sorted.indexOf(text));
    },
    isOrder: false,
  };
}

function numberAttribute(read: (frame: SeriesFrame) => number, tolerance: number, isOrder: boolean): Attribute {
  return {
    keysOf(frames) {
      const values = frames.map(read);
      const known = clusterNumbers(values.filter(Number.isFinite), tolerance);
      let next = 0;
      return values.map((value) => (Number.isFinite(value) ? known[next++]! : -1));
    },
    isOrder,
  };
}

function splitBy(frames: readonly SeriesFrame[], keys: readonly number[], isOrder: boolean): SeriesFrame[][] {
  if (new Set(keys).size < 2) return [[...frames]];
  const positions = positionsOf(frames);
  const groups = [...groupBy([...frames.keys()], (index) => keys[index]!)].sort(([a], [b]) => a - b);
  const volumes: Positions[] = [];
  for (const [, members] of groups) {
    const group = toPositions(members, positions);
    // An order attribute that only a few slices share does not show that volumes interleave.
    const canInterleave = !isOrder || members.length >= frames.length / 8;
    const fitting = volumes.find((volume) => !isInTheWay(volume, group, canInterleave));
    if (fitting) addTo(fitting, group);
    else volumes.push(group);
  }
  return volumes.map(({ members }) => members.sort((a, b) => a - b).map((index) => frames[index]!));
}

interface Position {
  /** Number of the position, ascending, the same for frames that lie at one height. */
  readonly place: number;
  readonly heightMm: number;
}

function positionsOf(frames: readonly SeriesFrame[]): Position[] {
  const heights = heightsOf(frames).map((height) => (Number.isFinite(height) ? height : 0));
  const places = clusterNumbers(heights, samePositionMm);
  return heights.map((heightMm, index) => ({ place: places[index]!, heightMm }));
}

/** Frames by their indices, with the heights that they take. */
interface Positions {
  readonly members: number[];
  readonly heightOf: Map<number, number>;
}

function toPositions(members: number[], positions: readonly Position[]): Positions {
  return { members, heightOf: new Map(members.map((index) => [positions[index]!.place, positions[index]!.heightMm])) };
}

function addTo(volume: Positions, { members, heightOf }: Positions): void {
  volume.members.push(...members);
  for (const [place, height] of heightOf) volume.heightOf.set(place, height);
}

function isInTheWay(volume: Positions, group: Positions, canInterleave: boolean): boolean {
  const [a, b] = [volume.heightOf, group.heightOf];
  const repeated = [...b.keys()].filter((place) => a.has(place)).length;
  if (repeated > mostOverlap * Math.min(a.size, b.size)) return true;
  return canInterleave && isInterleaved([...a.values()], [...b.values()]);
}

/** Whether the slices of the coarser of two volumes lie between those of the finer one, and not in its gaps. */
export function isInterleaved(one: readonly number[], other: readonly number[]): boolean {
  if (Math.min(one.length, other.length) < 3) return false;
  const [a, b] = [sortedSteps(one), sortedSteps(other)];
  const [fine, coarse] = a.spacingMm <= b.spacingMm ? [a, b] : [b, a];
  let between = 0;
  for (const height of coarse.heights) {
    const next = fine.heights.findIndex((mm) => mm > height + samePositionMm);
    if (next <= 0) continue;
    const [below, above] = [fine.heights[next - 1]!, fine.heights[next]!];
    if (height - below > samePositionMm && above - below <= gapFactor * fine.spacingMm) between++;
  }
  return between > mostOverlap * coarse.heights.length;
}

function sortedSteps(values: readonly number[]): { readonly heights: readonly number[]; readonly spacingMm: number } {
  const heights = [...values].sort((a, b) => a - b);
  const steps = heights.slice(1).map((height, index) => height - heights[index]!);
  return { heights, spacingMm: median(steps.filter((step) => step > samePositionMm)) ?? 0 };
}
