// A picture in memory on which the views draw, and its way into a PNG file.
import { PNG } from "pngjs";
import { glyphRows } from "./glyphs.ts";

export type Colour = readonly [red: number, green: number, blue: number];

/** RGB pixels, [height, width, 3], each 0 to 255. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

export function blankPicture(width: number, height: number): Picture {
  return { width, height, rgb: new Uint8Array(width * height * 3) };
}

/** Fills a rectangle pixel by pixel; the function gets (x, y) within it and returns a grey level or a colour. */
export function drawArea(
  picture: Picture,
  { left, top, width, height }: { left: number; top: number; width: number; height: number },
  at: (x: number, y: number) => number | Colour,
): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = at(x, y);
      const index = ((top + y) * picture.width + left + x) * 3;
      if (typeof value === "number") picture.rgb.fill(value, index, index + 3);
      else picture.rgb.set(value, index);
    }
  }
}

/** Writes a line of capitals and digits, 5 pixels high times `scale`; other characters stay blank. */
export function drawText(
  picture: Picture,
  text: string,
  { left, top, scale = 2, colour = [255, 255, 255] }: { left: number; top: number; scale?: number; colour?: Colour },
): void {
  for (const [index, char] of [...text.toUpperCase()].entries()) {
    const glyph = glyphRows[char] ?? 0;
    for (let bit = 0; bit < 15; bit++) {
      if (((glyph >> (14 - bit)) & 1) === 0) continue;
      const x = left + (index * 4 + (bit % 3)) * scale;
      const y = top + Math.floor(bit / 3) * scale;
      if (x + scale > picture.width || y + scale > picture.height) continue;
      drawArea(picture, { left: x, top: y, width: scale, height: scale }, () => colour);
    }
  }
}

/** The picture as the bytes of a PNG file. */
export function encodePng(picture: Picture): Buffer {
  const png = new PNG({ width: picture.width, height: picture.height });
  for (let pixel = 0; pixel < picture.width * picture.height; pixel++) {
    png.data.set(picture.rgb.subarray(pixel * 3, pixel * 3 + 3), pixel * 4);
    png.data[pixel * 4 + 3] = 255;
  }
  return PNG.sync.write(png);
}
