// Pictures of CT have lost their Hounsfield units and millimetres. The patient's own lung and soft tissue, whose HU are
// known, give back both well enough: two greys fix a line of HU, and the lungs fix the field that a slice shows.

import type { Field } from "../volume/field-sampler.ts";
import type { Plane } from "../volume/geometry.ts";
import { lungMask } from "../volume/lungs.ts";

/** What the greys of a patient's pictures mean: HU = lungHu + (grey - lungGrey) * huPerGrey. */
export interface GreyScale {
  readonly lungGrey: number;
  readonly huPerGrey: number;
}

export interface PictureLungs {
  readonly scale: GreyScale;
  /** The square around the lungs. */
  readonly field: Field;
}

/** Aerated lung: of its greys the lowest fifth, which patches of disease do not reach. */
export const lungHu = -890;
const lungShare = 0.2;
/** Fat, muscle and blood in their usual shares: the median of what is no air. */
const tissueHu = 20;
/** Fewer greys than this between lung and tissue are no picture of both. */
const leastContrast = 12;
/** Lungs with what is judged beside them: a chest of this width, and 200 mm of it whatever the number of pictures. */
const bodyMm = 360;
const chestMm = 200;
/** The side of the field in widths or heights of the lungs, whichever is larger. */
const margin = 1.06;

/** Undefined where no greys make two plausible lungs: pictures that cut the chest, or of another part of the body. */
export function lungsInPictures(planes: readonly Plane[]): PictureLungs | undefined {
  // All pictures of a patient have one window. Pictures of another size than the first one's do not vote.
  const [first] = planes;
  const alike = planes.filter(({ rows, columns }) => rows === first!.rows && columns === first!.columns);
  const counts = greyCounts(alike);
  for (const threshold of thresholdsOf(counts)) {
    const found = lungsBelow(threshold, alike, counts);
    if (found) return found;
  }
  return undefined;
}

function lungsBelow(threshold: number, planes: readonly Plane[], counts: Float64Array): PictureLungs | undefined {
  const { rows, columns, spacingMm } = planes[0]!;
  const tissue = share(counts, 0.5, threshold + 1, 255);
  const dark = share(counts, 0.5, Math.min(darkest(counts, threshold), threshold), threshold);
  if (tissue - dark < leastContrast) return undefined;
  const grey = new Int16Array(planes.length * rows * columns);
  for (const [slice, { values }] of planes.entries()) grey.set(values, slice * rows * columns);
  const hu = inHu(grey, { lungGrey: dark, huPerGrey: (tissueHu - lungHu) / (tissue - dark) });
  const pixelMm = bodyMm / widthOf(grey, threshold, columns);
  const grid = {
    slices: planes.length,
    rows,
    columns,
    spacingMm: [chestMm / planes.length, pixelMm, pixelMm],
  } as const;
  const { mask, plausible } = lungMask(hu, grid);
  if (!plausible) return undefined;
  const ofLung = new Float64Array(256);
  const [inRow, inColumn] = [new Float64Array(rows), new Float64Array(columns)];
  for (let at = 0; at < mask.length; at++) {
    if (mask[at] === 0) continue;
    ofLung[grey[at]!]! += 1;
    inRow[Math.floor(at / columns) % rows]! += 1;
    inColumn[at % columns]! += 1;
  }
  const lungGrey = share(ofLung, lungShare, 0, 255);
  if (tissue - lungGrey < leastContrast) return undefined;
  const [top, bottom] = [share(inRow, 0.005), share(inRow, 0.995)];
  const [left, right] = [share(inColumn, 0.005), share(inColumn, 0.995)];
  const side = Math.max((bottom - top + 1) * spacingMm[0], (right - left + 1) * spacingMm[1]);
  return {
    scale: { lungGrey, huPerGrey: (tissueHu - lungHu) / (tissue - lungGrey) },
    field: {
      centreMm: [((top + bottom) / 2) * spacingMm[0], ((left + right) / 2) * spacingMm[1]],
      sideMm: side * margin,
    },
  };
}

/** Greys to HU, within what CT knows. */
export function inHu(grey: Int16Array, { lungGrey, huPerGrey }: GreyScale): Int16Array {
  const table = Int16Array.from({ length: 256 }, (_, value) =>
    Math.max(-1024, Math.min(3071, Math.round(lungHu + (value - lungGrey) * huPerGrey))),
  );
  return grey.map((value) => table[Math.max(0, Math.min(255, value))]!);
}

function greyCounts(planes: readonly Plane[]): Float64Array {
  const counts = new Float64Array(256);
  for (const { values } of planes) for (const value of values) counts[Math.max(0, Math.min(255, value))]! += 1;
  return counts;
}

/** Otsu's two thresholds of three classes (black, lung, tissue), and his one of two where black is lung. */
function thresholdsOf(counts: Float64Array): number[] {
  const mass = new Float64Array(257);
  const moment = new Float64Array(257);
  for (let grey = 0; grey < 256; grey++) {
    mass[grey + 1] = mass[grey]! + counts[grey]!;
    moment[grey + 1] = moment[grey]! + grey * counts[grey]!;
  }
  /** Between-class variance of the greys from a up to b, up to what is the same for all divisions. */
  const part = (a: number, b: number) => {
    const weight = mass[b]! - mass[a]!;
    return weight === 0 ? 0 : (moment[b]! - moment[a]!) ** 2 / weight;
  };
  let [three, lower, upper] = [-1, 0, 0];
  let [two, only] = [-1, 0];
  for (let a = 1; a < 256; a++) {
    const pair = part(0, a) + part(a, 256);
    if (pair > two) [two, only] = [pair, a - 1];
    for (let b = a + 1; b < 256; b++) {
      const triple = part(0, a) + part(a, b) + part(b, 256);
      if (triple > three) [three, lower, upper] = [triple, a - 1, b - 1];
    }
  }
  return [...new Set([upper, only, lower])];
}

/** The first grey that is not the black around a round field of view: black that is nearly all below the threshold is lung. */
function darkest(counts: Float64Array, threshold: number): number {
  const below = counts.subarray(0, threshold + 1).reduce((sum, count) => sum + count, 0);
  const black = counts.subarray(0, 8).reduce((sum, count) => sum + count, 0);
  return black < 0.8 * below ? 8 : 0;
}

/** Columns that hold the body: more than an eighth of the widest row's share of tissue. */
function widthOf(grey: Int16Array, threshold: number, columns: number): number {
  const inColumn = new Float64Array(columns);
  for (let at = 0; at < grey.length; at++) if (grey[at]! > threshold) inColumn[at % columns]! += 1;
  const most = inColumn.reduce((high, count) => Math.max(high, count), 0);
  const first = inColumn.findIndex((count) => count > most / 8);
  return Math.max(1, inColumn.findLastIndex((count) => count > most / 8) - first + 1);
}

/** The first place from `from` to `to` where the running share of the counts there reaches q. */
function share(counts: Float64Array, q: number, from = 0, to = counts.length - 1): number {
  let total = 0;
  for (let at = from; at <= to; at++) total += counts[at]!;
  let sum = 0;
  for (let at = from; at <= to; at++) {
    sum += counts[at]!;
    if (counts[at]! > 0 && sum >= q * total) return at;
  }
  return to;
}
