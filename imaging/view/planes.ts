// The three planes through the middle of a scan, side by side and true to scale, as the source work shows its data.
import { greyOf, type HuWindow, huWindows } from "../volume/hu-table.ts";
import { blankPicture, drawArea, drawText, encodePng } from "./picture.ts";
import { sampleHu } from "./sample.ts";
import type { CtVolume } from "./volume.ts";

/**
 * Draws XY (axial), XZ (coronal) and YZ (sagittal) through the middle, head up, with one scale in millimetres.
 *
 * @param heightPx height of the axial plane, pixels; default 320
 * @param at voxel through which the planes go; default the middle
 * @returns a PNG file
 */
export function planesPng(
  volume: CtVolume,
  {
    window = huWindows.lung,
    heightPx = 320,
    at,
  }: { window?: HuWindow; heightPx?: number; at?: readonly [slice: number, row: number, column: number] } = {},
): Buffer {
  const { slices, rows, columns, spacingMm } = volume;
  const [middleSlice, middleRow, middleColumn] = at ?? [(slices - 1) / 2, (rows - 1) / 2, (columns - 1) / 2];
  const pxPerMm = heightPx / (rows * spacingMm[1]);
  const px = (count: number, mm: number) => Math.max(1, Math.round(count * mm * pxPerMm));
  const [wide, deep, high] = [px(columns, spacingMm[2]), px(rows, spacingMm[1]), px(slices, spacingMm[0])];
  const caption = 16;
  const gap = 8;
  const picture = blankPicture(2 * wide + deep + 2 * gap, caption + Math.max(deep, high));
  const column = (x: number) => ((x + 0.5) / wide) * columns - 0.5;
  const slice = (y: number) => (1 - (y + 0.5) / high) * slices - 0.5;
  const row = (v: number) => ((v + 0.5) / deep) * rows - 0.5;
  const grey = (s: number, r: number, c: number) => greyOf(sampleHu(volume, s, r, c), window);
  drawText(picture, "XY", { left: 2, top: 3 });
  drawArea(picture, { left: 0, top: caption, width: wide, height: deep }, (x, y) =>
    grey(middleSlice, row(y), column(x)),
  );
  drawText(picture, "XZ", { left: wide + gap + 2, top: 3 });
  drawArea(picture, { left: wide + gap, top: caption, width: wide, height: high }, (x, y) =>
    grey(slice(y), middleRow, column(x)),
  );
  drawText(picture, "YZ", { left: 2 * (wide + gap) + 2, top: 3 });
  drawArea(picture, { left: 2 * (wide + gap), top: caption, width: deep, height: high }, (x, y) =>
    grey(slice(y), row(x), middleColumn),
  );
  return encodePng(picture);
}
