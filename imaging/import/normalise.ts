// Brings scans of all scanners to one form: the lungs in the middle of one field of view, slices of one thickness, one
// window for each channel.
import { FedError } from "../../foundation/errors.ts";
import { outsideHu } from "../dicom/hounsfield.ts";
import type { Side } from "../series/join-volumes.ts";
import type { Stack } from "../series/read-stack.ts";
import { type Field, openFieldSampler } from "../volume/field-sampler.ts";
import { type Cell, cells, cellsOfSlices, coverage, type Plane, resampleSlices, shrink } from "../volume/geometry.ts";
import { type WindowName, windowChannels } from "../volume/intensity.ts";
import { type LungMask, lungMask } from "../volume/lungs.ts";
import { sliceMeans } from "../volume/slice-means.ts";

/** Shape of a normalised scan: pixels of fieldMm / width mm, slices of sliceMm, at most maxSlices of them. */
export interface ShardShape {
  readonly height: number;
  readonly width: number;
  readonly windows: readonly WindowName[];
  readonly fieldMm: number;
  readonly sliceMm: number;
  readonly maxSlices: number;
}

/** 5 mm pixels and 10 mm slices: the input of the compact network. 320 mm contain the lungs of nearly all adults. */
export const defaultShape: ShardShape = {
  height: 64,
  width: 64,
  windows: ["lung"],
  fieldMm: 320,
  sliceMm: 10,
  maxSlices: 24,
};

export interface NormalScan {
  /** [slices, height, width, windows], 0 to 255. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly slices: number;
}

/** Where a normalised scan lies in its stack. */
export interface NormalPlace {
  readonly field: Field;
  /** Of the slices, ascending, along the stack's heights. */
  readonly cells: readonly Cell[];
}

/** Pixel size to which a stack may be shrunk while it is read: half of the output's, so that no detail is lost. */
export function workingPixelMm({ fieldMm, width, height }: ShardShape): number {
  return Math.min(2, fieldMm / Math.max(width, height) / 2);
}

/** @throws LUNGS_IMPLAUSIBLE, SERIES_INCOMPLETE */
export function normaliseStack(
  stack: Stack,
  shape: ShardShape,
): NormalScan & NormalPlace & { readonly lungMl: number } {
  const lungs = findLungs(stack);
  const inputs = cellsOfSlices(stack.heightsMm, stack.thicknessMm);
  const [low, high] = lungs.heightMm;
  const within = [...inputs.keys()].filter((slice) => inputs[slice]![1] > low && inputs[slice]![0] < high);
  const wanted = Math.round((high - low) / shape.sliceMm);
  // Never more slices than the scanner made, nor more than the network is given.
  const count = Math.max(1, Math.min(wanted, within.length, shape.maxSlices));
  const field: Field = { centreMm: lungs.centreMm, sideMm: shape.fieldMm };
  const size = { rows: shape.height, columns: shape.width };
  const sample = openFieldSampler(field, size, outsideHu);
  const reduced = within.map((slice) => sample(stack.planes[slice]!));
  const outputs = cells(count, (high - low) / count, low);
  const slices = resampleSlices(
    reduced,
    within.map((slice) => inputs[slice]!),
    outputs,
  );
  return { pixels: stackChannels(slices, shape), slices: count, lungMl: lungs.volumeMl, field, cells: outputs };
}

function stackChannels(slices: readonly Float32Array[], { windows }: ShardShape): Uint8Array<ArrayBuffer> {
  const channels = slices.map((slice) => windowChannels(slice, windows));
  const pixels = new Uint8Array(channels.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const one of channels) {
    pixels.set(one, offset);
    offset += one.length;
  }
  return pixels;
}

interface Lungs {
  /** Middle of the lungs in the plane, and their lower and upper end. */
  readonly centreMm: readonly [row: number, column: number];
  readonly heightMm: Cell;
  readonly volumeMl: number;
}

const maskPixelMm = 4.2;
const maskSliceMm = 4;
/** A few slices hold too little lung to be judged as a pair: the chest is assumed to continue alike. */
const chestMm = 200;

/** More lung than this in an end slice is cut off there: the tips of whole lungs are smaller. */
const cutLungMm2 = 2000;

function findLungs({ planes, heightsMm, thicknessMm, continued }: Stack): Lungs {
  const factor = Math.max(1, Math.floor(maskPixelMm / Math.max(...planes[0]!.spacingMm)));
  const inputs = cellsOfSlices(heightsMm, thicknessMm);
  const extent: Cell = [inputs[0]![0], inputs.at(-1)![1]];
  const extentMm = extent[1] - extent[0];
  const count = Math.max(1, Math.min(planes.length, Math.round(extentMm / maskSliceMm)));
  const outputs = cells(count, extentMm / count, extent[0]);
  const { rows, columns, spacingMm, hu } = coarseVolume(planes, coverage(inputs, outputs), factor);
  const sliceMm = extentMm / count;
  const judgedMm = extentMm < chestMm ? chestMm / count : sliceMm;
  const lungs = lungMask(hu, { slices: count, rows, columns, spacingMm: [judgedMm, ...spacingMm] });
  if (!lungs.plausible) throw implausible(lungs);
  const [s, r, c] = [new Float64Array(count), new Float64Array(rows), new Float64Array(columns)];
  for (let line = 0, voxel = 0; line < count * rows; line++) {
    let inLine = 0;
    for (let column = 0; column < columns; column++, voxel++) {
      inLine += lungs.mask[voxel]!;
      c[column]! += lungs.mask[voxel]!;
    }
    s[Math.floor(line / rows)]! += inLine;
    r[line % rows]! += inLine;
  }
  const isCut = ({ side, slice }: { side: Side; slice: number }) =>
    continued.includes(side) && s[slice]! * spacingMm[0] * spacingMm[1] > cutLungMm2;
  const ends = [{ side: "below", slice: 0 } as const, { side: "above", slice: count - 1 } as const];
  if (ends.some(isCut)) throw new FedError("SERIES_INCOMPLETE", { slices: planes.length });
  // Centres of the field's pixels are half a coarse pixel from those of the mask's.
  const middle = (counts: Float64Array, mm: number) =>
    ((quantile(counts, 0.01) + quantile(counts, 0.99)) / 2) * mm + ((factor - 1) * mm) / factor / 2;
  const [first, last] = [quantile(s, 0.005), quantile(s, 0.995)];
  return {
    centreMm: [middle(r, spacingMm[0]), middle(c, spacingMm[1])],
    heightMm: [outputs[first]![0], outputs[last]![1]],
    volumeMl: (lungs.volumeMl * sliceMm) / judgedMm,
  };
}

function implausible({ reason, volumeMl }: LungMask): FedError {
  const remedy = "check that the series shows a chest in Hounsfield units; consilium view draws it";
  return new FedError("LUNGS_IMPLAUSIBLE", { reason, lungMl: Math.round(volumeMl) }, { remedy });
}

/** The first place where the running share of the counts reaches q. */
function quantile(counts: Float64Array, q: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let sum = 0;
  const at = counts.findIndex((count) => {
    sum += count;
    return count > 0 && sum >= q * total;
  });
  return Math.max(0, at);
}

interface CoarseVolume {
  readonly hu: Int16Array;
  readonly rows: number;
  readonly columns: number;
  readonly spacingMm: readonly [row: number, column: number];
}

function coarseVolume(planes: readonly Plane[], covers: ReturnType<typeof coverage>, factor: number): CoarseVolume {
  const { rows, columns, spacingMm } = shrink(planes[0]!, factor);
  const area = rows * columns;
  const small = new Int16Array(planes.length * area);
  for (const [slice, plane] of planes.entries()) small.set(shrink(plane, factor).values, slice * area);
  return { hu: sliceMeans(small, area, covers), rows, columns, spacingMm };
}
