// A contact sheet: a row of slices for each of some scans, under its label, to show a model's input at a glance.
import { greyOf, type HuWindow, huWindows } from "../volume/hu-table.ts";
import { blankPicture, type Colour, drawArea, drawText, encodePng } from "./picture.ts";
import { sampleHu } from "./sample.ts";
import type { CtVolume } from "./volume.ts";

export interface Example {
  readonly volume: CtVolume;
  /** A few words without any identifier, such as "POSITIVE". */
  readonly label: string;
  readonly colour?: Colour;
}

/**
 * Draws one row a scan with `across` slices evenly spread from head to feet, each `tilePx` pixels square.
 *
 * @returns a PNG file
 */
export function examplesPng(
  examples: readonly Example[],
  { window = huWindows.lung, across = 6, tilePx = 128 }: { window?: HuWindow; across?: number; tilePx?: number } = {},
): Buffer {
  const caption = 16;
  const picture = blankPicture(across * tilePx, Math.max(1, examples.length) * (tilePx + caption));
  for (const [index, { volume, label, colour }] of examples.entries()) {
    const top = index * (tilePx + caption);
    drawText(picture, label, { left: 4, top: top + 3, ...(colour && { colour }) });
    for (let tile = 0; tile < across; tile++) {
      const slice = Math.round((1 - (tile + 0.5) / across) * volume.slices - 0.5);
      drawArea(picture, { left: tile * tilePx, top: top + caption, width: tilePx, height: tilePx }, (x, y) => {
        const row = ((y + 0.5) / tilePx) * volume.rows - 0.5;
        const column = ((x + 0.5) / tilePx) * volume.columns - 0.5;
        return greyOf(sampleHu(volume, slice, row, column), window);
      });
    }
  }
  return encodePng(picture);
}
