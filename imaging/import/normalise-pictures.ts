// Slices that were saved as pictures: the lungs fill the field and set the Hounsfield units. Where no lungs are found, the
// body fills the field and grey values are used as they are.
import { FedError } from "../../foundation/errors.ts";
import { outsideHu } from "../dicom/hounsfield.ts";
import type { GreyPicture } from "../source/picture.ts";
import { type Field, openFieldSampler } from "../volume/field-sampler.ts";
import { cells, type Plane, resampleSlices, shrink } from "../volume/geometry.ts";
import { windowChannels } from "../volume/intensity.ts";
import type { NormalScan, ShardShape } from "./normalise.ts";
import { inHu, lungsInPictures } from "./picture-lungs.ts";

/** Side of a picture in memory, pixels: finer pictures are averaged at once. */
const workingSide = 256;
/** Air is nearly black in every usual window. */
const bodyAboveGrey = 48;
const blankBelow = 4;

/** A picture on pixels of one size whatever its own: its longer side is 1000 "millimetres". */
export function workingPlane({ grey, rows, columns }: GreyPicture, { width, height }: ShardShape): Plane {
  const longest = Math.max(rows, columns);
  const spacing = 1000 / longest;
  const plane: Plane = { values: Int16Array.from(grey), rows, columns, spacingMm: [spacing, spacing] };
  return shrink(plane, Math.max(1, Math.floor(longest / Math.max(workingSide, 2 * width, 2 * height))));
}

/** @throws PICTURES_BLANK */
export function normalisePictures(
  planes: readonly Plane[],
  shape: ShardShape,
): NormalScan & { readonly isHuEstimated: boolean } {
  if (planes.every(isBlank)) {
    throw new FedError("PICTURES_BLANK", { pictures: planes.length }, { remedy: "export the slices again" });
  }
  const lungs = lungsInPictures(planes);
  const { height: rows, width: columns, windows } = shape;
  const sample = openFieldSampler(lungs?.field ?? bodyField(planes), { rows, columns }, lungs ? outsideHu : 0);
  const reduced = planes.map((plane) => sample(lungs ? { ...plane, values: inHu(plane.values, lungs.scale) } : plane));
  const count = Math.min(planes.length, shape.maxSlices);
  const slices = resampleSlices(reduced, cells(planes.length, 1), cells(count, planes.length / count, -0.5));
  const pixels = new Uint8Array(count * rows * columns * windows.length);
  for (const [slice, values] of slices.entries()) {
    const channels = lungs ? windowChannels(values, windows) : greyChannels(values, windows.length);
    pixels.set(channels, slice * channels.length);
  }
  return { pixels, slices: count, isHuEstimated: lungs !== undefined };
}

/** The grey value in each channel. */
function greyChannels(grey: Float32Array, channels: number): Uint8Array {
  const pixels = new Uint8Array(grey.length * channels);
  for (const [at, value] of grey.entries()) {
    pixels.fill(Math.max(0, Math.min(255, Math.round(value))), at * channels, (at + 1) * channels);
  }
  return pixels;
}

function isBlank({ values }: Plane): boolean {
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return Math.sqrt(Math.max(0, squares / values.length - mean * mean)) < blankBelow;
}

/** The square around the body in all pictures; the table is too thin to count. */
function bodyField(planes: readonly Plane[]): Field {
  let [top, bottom, left, right] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { values, rows, columns, spacingMm } of planes) {
    const inRow = new Uint32Array(rows);
    const inColumn = new Uint32Array(columns);
    for (let at = 0; at < values.length; at++) {
      if (values[at]! <= bodyAboveGrey) continue;
      inRow[Math.floor(at / columns)]!++;
      inColumn[at % columns]!++;
    }
    const ends = (counts: Uint32Array, across: number): [first: number, last: number] => [
      counts.findIndex((count) => count > across / 8),
      counts.findLastIndex((count) => count > across / 8),
    ];
    const [firstRow, lastRow] = ends(inRow, columns);
    const [firstColumn, lastColumn] = ends(inColumn, rows);
    if (firstRow < 0 || firstColumn < 0) continue;
    top = Math.min(top, firstRow * spacingMm[0]);
    bottom = Math.max(bottom, lastRow * spacingMm[0]);
    left = Math.min(left, firstColumn * spacingMm[1]);
    right = Math.max(right, lastColumn * spacingMm[1]);
  }
  if (top > bottom) return { centreMm: [500, 500], sideMm: 1000 };
  return { centreMm: [(top + bottom) / 2, (left + right) / 2], sideMm: Math.max(bottom - top, right - left) * 1.04 };
}
