// Pictures that lie beside DICOM files and are no CT, or look like CT.
import { PNG } from "pngjs";

export function colourNoise(seed: number): Buffer {
  const png = new PNG({ width: 64, height: 64 });
  let state = seed;
  for (let at = 0; at < png.data.length; at++) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    png.data[at] = at % 4 === 3 ? 255 : state >> 16;
  }
  return PNG.sync.write(png);
}

/** A bright body with darker lungs on black; another `more`, another size of lungs; `paint` changes its greys. */
export function greyBody(more = 0, paint = (value: number) => value): Buffer {
  const png = new PNG({ width: 80, height: 80 });
  for (let at = 0; at < 6400; at++) {
    const [x, y] = [(at % 80) - 39.5, Math.floor(at / 80) - 39.5];
    const isLung = Math.hypot(Math.abs(x) - 14, y) < 9 + more / 9;
    const value = paint(isLung ? 40 : Math.hypot(x, y * 1.3) < 36 ? 170 : 0);
    png.data.set([value, value, value, 255], at * 4);
  }
  return PNG.sync.write(png);
}
