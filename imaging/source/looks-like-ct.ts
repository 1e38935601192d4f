// Whether a picture can be a slice of CT at all: splash screens of viewers, photographs, pages of text and noise are not.
// The check is coarse on purpose: it must let through every window, crop and scanner.
import { FedError } from "../../foundation/errors.ts";
import type { GreyPicture } from "./picture.ts";

/** A coloured scale or a mark may lie over a slice. */
const mostColoured = 0.1;
const [black, dark, white] = [24, 80, 250];
const leastDark = 0.01;
const mostWhite = 0.5;
/** Of pixels of a body in the middle half of the picture. */
const leastBody = 0.02;
/** Neighbours in a picture of a body are alike; in noise they are not. */
const leastCorrelation = 0.5;
/** Below this standard deviation there is nothing to judge: such a picture is blank. */
const blankBelow = 4;

/** @throws PICTURE_NOT_CT */
export function checkLooksLikeCt(picture: GreyPicture): void {
  const why = whyNot(picture);
  if (why !== undefined) throw new FedError("PICTURE_NOT_CT", { why });
}

/** Black and one other value that programs write for "yes", and nothing else. */
function isMask(grey: Uint8Array): boolean {
  const values = new Set(grey);
  return values.size === 2 && values.has(0) && (values.has(1) || values.has(255));
}

function whyNot({ grey, rows, columns, colouredShare }: GreyPicture): string | undefined {
  if (colouredShare > mostColoured) return "colour";
  const count = grey.length;
  let [sum, squares, products, pairs, darkOnes, whiteOnes, body, middle] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let row = 0, at = 0; row < rows; row++) {
    const isMiddleRow = row >= rows / 4 && row < (3 * rows) / 4;
    for (let column = 0; column < columns; column++, at++) {
      const value = grey[at]!;
      sum += value;
      squares += value * value;
      if (value < dark) darkOnes++;
      if (value > white) whiteOnes++;
      if (isMiddleRow && column >= columns / 4 && column < (3 * columns) / 4) {
        middle++;
        if (value >= black) body++;
      }
      if (column + 1 < columns && row + 1 < rows) {
        products += value * ((grey[at + 1]! + grey[at + columns]!) / 2);
        pairs++;
      }
    }
  }
  const mean = sum / count;
  const variance = squares / count - mean * mean;
  // Lungs or lesions that somebody drew, as many sets have them beside each slice.
  if (isMask(grey)) return "a mask";
  if (Math.sqrt(Math.max(0, variance)) < blankBelow) return undefined;
  if (pairs > 0 && (products / pairs - mean * mean) / variance < leastCorrelation) return "noise";
  if (darkOnes < leastDark * count) return "no air or lung";
  if (whiteOnes > mostWhite * count) return "white";
  return body < leastBody * middle ? "no body in the middle" : undefined;
}
