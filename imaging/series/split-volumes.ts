// The volumes that one series mixes: time points, phases, acquisitions, reconstructions of the same positions.
import type { CtFrame } from "../dicom/ct-instance.ts";
import { orderAttributes, type VolumeAttribute, type VolumeMark, volumeMarks } from "../dicom/volume-attributes.ts";
import { clusterNumbers, clusterPoints, groupBy } from "./clusters.ts";
import type { ExaminedFile, SeriesInstance } from "./examined-file.ts";
import { heightsOf, median, type PlacedFrame, placeInPlane, samePositionMm } from "./order.ts";

/** A frame with the header of its file. */
export interface SeriesFrame extends PlacedFrame {
  /** As in ExaminedFile. */
  readonly identity?: number | undefined;
  readonly instance: SeriesInstance;
}

export function framesOf(files: readonly ExaminedFile[]): SeriesFrame[] {
  return files.flatMap(({ file, identity, instance }) =>
    instance.frames.map((frame, index) => ({ ...frame, file, frame: index, identity, instance })),
  );
}

/** Share of the smaller volume's slices that may lie in the larger one: acquisitions that adjoin overlap a little. */
const mostOverlap = 0.25;
/** A distance of slices above this many times the usual one is a gap. */
export const gapFactor = 1.6;
/** Largest difference by noise of the first pixel's place in the plane, mm. */
const sameOriginMm = 0.5;
/** The same along a row, where a difference cannot be mended. */
const sameRowOriginMm = 2;

/**
 * Parts frames into volumes by the attributes of volume-attributes.ts, one after the other. Values of an attribute stay
 * together while their slices adjoin, as blocks of one scan do, and are parted where they take the same positions or lie
 * between each other's slices.
 *
 * @param frames of one grid, kernel and orientation
 */
export function splitVolumes(frames: readonly SeriesFrame[]): SeriesFrame[][] {
  let volumes: SeriesFrame[][] = [[...frames]];
  for (const { keysOf, kind } of attributes)
    volumes = volumes.flatMap((volume) => splitBy(volume, keysOf(volume), kind));
  return volumes;
}

/** Whether a series of several slices has one position for all of them, which then says nothing. */
export function isAtOnePlace(frames: readonly SeriesFrame[]): boolean {
  const heights = heightsOf(frames).filter(Number.isFinite);
  const isOne = new Set(clusterNumbers(heights, samePositionMm)).size === 1;
  return (
    isOne && new Set(frames.map(({ file, frame, identity }) => `${identity ?? file}/${frame}`)).size >= leastSeveral
  );
}

/** A slice and another phase or reconstruction of it can be told apart; so many are a scan. */
const leastSeveral = 4;

/** Whether more than a few positions are taken by several slices that are no copies of each other. */
export function isAmbiguous(frames: readonly SeriesFrame[]): boolean {
  const placed = frames.filter(({ positionMm }) => positionMm !== undefined);
  const positions = positionsOf(placed);
  const names = placed.map(
    ({ identity, file, frame }) => (identity === undefined ? `${file}` : `u${identity}`) + `/${frame}`,
  );
  const placesOf = groupBy(positions, (_, index) => names[index]!);
  // Anonymisers may write one UID into all files, which then says nothing.
  const isTelling = [...placesOf.values()].every((own) => own.every(({ place }) => place === own[0]!.place));
  const atPlace = groupBy([...placed.keys()], (index) => positions[index]!.place);
  const taken = [...atPlace.values()].filter(
    (own) => (isTelling ? new Set(own.map((index) => names[index]!)).size : own.length) > 1,
  );
  return taken.length > mostOverlap * atPlace.size;
}

/**
 * A mark tells volumes apart that take the same positions or interleave; so does an order, whose values may differ from slice
 * to slice; slices of a rigid attribute's different values never lie in one volume.
 */
type AttributeKind = "mark" | "order" | "rigid";

interface Attribute {
  /** The group of each frame, ascending numbers; -1 where the file does not say. */
  readonly keysOf: (frames: readonly SeriesFrame[]) => readonly number[];
  readonly kind: AttributeKind;
}

const attributes: readonly Attribute[] = [
  textAttribute(({ instance }) => instance.frameOfReferenceUid),
  textAttribute(({ instance }) => instance.patientPosition),
  textAttribute(({ instance }) => instance.imageType.join("\\")),
  // Slices are stacked as they are along their rows; along their columns a tilted gantry moves them, and they are moved back.
  {
    keysOf: (frames) =>
      clusterNumbers(
        frames.map((frame) => placeInPlane(frame)[0]),
        sameRowOriginMm,
      ),
    kind: "rigid",
  },
  { keysOf: (frames) => clusterPoints(frames.map(placeInPlane), sameOriginMm), kind: "mark" },
  ...(Object.entries(volumeMarks) as [VolumeMark, VolumeAttribute][]).map(([name, { tolerance }]): Attribute => {
    const markOf = ({ marks }: CtFrame) => marks[name] ?? "";
    if (tolerance === undefined) return textAttribute(markOf);
    return numberAttribute((frame) => Number.parseFloat(markOf(frame)), tolerance, "mark");
  }),
  ...Object.keys(orderAttributes).map((_, index) =>
    numberAttribute(({ order }) => order[index] ?? Number.NaN, 0, "order"),
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
    kind: "mark",
  };
}

function numberAttribute(read: (frame: SeriesFrame) => number, tolerance: number, kind: AttributeKind): Attribute {
  return {
    keysOf(frames) {
      const values = frames.map(read);
      const known = clusterNumbers(values.filter(Number.isFinite), tolerance);
      let next = 0;
      return values.map((value) => (Number.isFinite(value) ? known[next++]! : -1));
    },
    kind,
  };
}

function splitBy(frames: readonly SeriesFrame[], keys: readonly number[], kind: AttributeKind): SeriesFrame[][] {
  if (new Set(keys).size < 2) return [[...frames]];
  const positions = positionsOf(frames);
  const byKey = [...groupBy([...frames.keys()], (index) => keys[index]!)].sort(([a], [b]) => a - b);
  const values = byKey.map(([, members]) => members);
  if (kind === "rigid") return values.map((members) => members.map((index) => frames[index]!));
  const groups = kind === "order" ? sweepsOf(values, positions) : values;
  // Where one of several phases of a position is lost, its place in the order is another phase's.
  if (!groups) return [[...frames]];
  const volumes: Positions[] = [];
  for (const members of groups) {
    const group = toPositions(members, positions);
    // An order attribute that only a few slices share does not show that volumes interleave.
    const canInterleave =
      kind === "mark" || keys.filter((key) => key === keys[members[0]!]).length >= frames.length / 8;
    const fitting = volumes.find((volume) => !isInTheWay(volume, group, canInterleave));
    if (fitting) addTo(fitting, group);
    else volumes.push(group);
  }
  return volumes.map(({ members }) => members.sort((a, b) => a - b).map((index) => frames[index]!));
}

/**
 * Slices that were made one after the other while the table moved one way belong together: a longer second sweep is not
 * divided between the first one, where that has no slices, and a volume of its own. Where the table stands while several slices
 * are made, each value stays by itself.
 *
 * @returns undefined where the table stands for more slices at some positions than at others
 */
function sweepsOf(values: readonly number[][], positions: readonly Position[]): number[][] | undefined {
  const spacingMm = sortedSteps(positions.map(({ heightMm }) => heightMm)).spacingMm;
  const extents = values.map((members) => {
    const heights = members.map((index) => positions[index]!.heightMm);
    return [heights.reduce((a, b) => Math.min(a, b)), heights.reduce((a, b) => Math.max(a, b))] as const;
  });
  const stepsMm = extents.slice(1).map((next, before) => stepBetween(extents[before]!, next));
  const standing = stepsMm.filter((mm) => Math.abs(mm) <= samePositionMm).length;
  if (standing > leastStanding * stepsMm.length) {
    const places = values.flatMap((members) => [...new Set(members.map((index) => positions[index]!.place))]);
    const counts = [...groupBy(places, (place) => place).values()].map(({ length }) => length);
    return new Set(counts).size > 1 ? undefined : [...values];
  }
  const sweeps: number[][] = [];
  let direction = 0;
  for (const [index, members] of values.entries()) {
    const step = stepsMm[index - 1] ?? 0;
    const isNext = Math.abs(step) > samePositionMm && Math.abs(step) <= gapFactor * spacingMm;
    if (isNext && direction * step >= 0) {
      sweeps.at(-1)!.push(...members);
      direction = Math.sign(step);
    } else {
      sweeps.push([...members]);
      direction = 0;
    }
  }
  return sweeps;
}

type Extent = readonly [low: number, high: number];

/** How far the second extent begins beyond the first one's end, below 0 towards the feet; 0 where they overlap. */
function stepBetween([low, high]: Extent, [nextLow, nextHigh]: Extent): number {
  if (nextLow > high) return nextLow - high;
  return nextHigh < low ? nextHigh - low : 0;
}

/** Share of slices that are made at the position of the one before, where the table stands for several. */
const leastStanding = 0.2;

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
