// A picture of what a network found in scans whose lesions are known: each played slice twice, with the lesions' outline and under
// its activation.

import { heated } from "../../imaging/view/heat.ts";
import { blankPicture, drawArea, drawText, encodePng } from "../../imaging/view/picture.ts";
import type { SegmentationSet } from "../../model/segmentation/segmentation-set.ts";
import type { PlayedScan } from "./pointing-game.ts";

const tilePx = 128;
const caption = 16;

/** One row a scan. @param scans their places in the set, and what was played */
export function explanationsPng(set: SegmentationSet, scans: readonly (readonly [number, PlayedScan])[]): Buffer {
  const { height, width, channels } = set;
  const across = Math.max(1, ...scans.map(([, { pointed }]) => pointed.length));
  const picture = blankPicture(2 * across * tilePx, scans.length * (tilePx + caption));
  for (const [line, [index, { explanation, maps, pointed }]] of scans.entries()) {
    const top = line * (tilePx + caption) + caption;
    const pixels = set.read(index);
    const { lesion } = set.masks(index);
    drawText(picture, `POSITIVE SCORE ${explanation.score.toFixed(2)}`, { left: 4, top: top - caption + 3 });
    for (const [place, point] of pointed.entries()) {
      const { slice } = explanation.votes[point.place]!;
      const at = (x: number, y: number) => {
        const [row, column] = [Math.floor((y * height) / tilePx), Math.floor((x * width) / tilePx)];
        return { row, column, voxel: (slice * height + row) * width + column };
      };
      const grey = (x: number, y: number) => pixels[at(x, y).voxel * channels]!;
      const isLesion = (row: number, column: number) =>
        row >= 0 &&
        row < height &&
        column >= 0 &&
        column < width &&
        lesion[(slice * height + row) * width + column] === 1;
      const left = 2 * place * tilePx;
      const tile = { top, width: tilePx, height: tilePx };
      drawArea(picture, { ...tile, left }, (x, y) => {
        const { row, column } = at(x, y);
        const beside = [
          isLesion(row - 1, column),
          isLesion(row + 1, column),
          isLesion(row, column - 1),
          isLesion(row, column + 1),
        ];
        return isLesion(row, column) && beside.includes(false) ? [90, 220, 120] : grey(x, y);
      });
      const { rows, columns, values } = maps;
      drawArea(picture, { ...tile, left: left + tilePx }, (x, y) => {
        const [row, column] = [Math.floor((y * rows) / tilePx), Math.floor((x * columns) / tilePx)];
        return heated(grey(x, y), values[(point.place * rows + row) * columns + column]!);
      });
    }
  }
  return encodePng(picture);
}
