// Shows where a scan holds lung and bone by Hounsfield units alone: the check that values really are HU.
import { greyOf, type HuRange, huWindows, shownAs } from "../volume/hu-table.ts";
import { blankPicture, type Colour, drawArea, drawText, encodePng } from "./picture.ts";
import { sampleHu } from "./sample.ts";
import type { CtVolume } from "./volume.ts";

const shown: readonly { name: string; range: HuRange; colour: Colour }[] = [
  { name: "LUNG", range: shownAs.lung, colour: [90, 170, 255] },
  { name: "BONE", range: shownAs.bone, colour: [255, 210, 120] },
];

/**
 * Draws the middle slice twice, with the voxels in the range of lung and of bone coloured.
 *
 * @returns a PNG file
 */
export function tissuesPng(volume: CtVolume, { tilePx = 320 }: { tilePx?: number } = {}): Buffer {
  const caption = 16;
  const picture = blankPicture(shown.length * tilePx, tilePx + caption);
  const slice = Math.floor((volume.slices - 1) / 2);
  for (const [index, { name, range, colour }] of shown.entries()) {
    drawText(picture, name, { left: index * tilePx + 4, top: 3, colour });
    drawArea(picture, { left: index * tilePx, top: caption, width: tilePx, height: tilePx }, (x, y) => {
      const row = ((y + 0.5) / tilePx) * volume.rows - 0.5;
      const column = ((x + 0.5) / tilePx) * volume.columns - 0.5;
      const hu = sampleHu(volume, slice, row, column);
      const grey = greyOf(hu, huWindows.mediastinum);
      if (hu < range.low || hu > range.high) return grey * 0.6;
      const level = 0.45 + 0.55 * ((hu - range.low) / (range.high - range.low));
      return [colour[0] * level, colour[1] * level, colour[2] * level];
    });
  }
  return encodePng(picture);
}
