// A picture of the slices that a network was shown, with what each weighed, and where in the heaviest it found the class.
import { heated } from "../../imaging/view/heat.ts";
import { blankPicture, drawArea, drawText, encodePng } from "../../imaging/view/picture.ts";
import type { ActivationMaps } from "../../model/network/class-activation.ts";
import type { Explanation } from "../../model/network/explain.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";

/** Slices whose activation is drawn. */
const mapped = 3;

/** The sampled slices side by side, each over a bar: its weight for the positive class; under the heaviest their activation. */
export function votesPng(
  { height, width, channels, read }: TrainingSet,
  { score, votes }: Explanation,
  { rows, columns, values }: ActivationMaps,
): Buffer {
  const zoom = Math.max(1, Math.round(128 / width));
  const [tileWidth, tileHeight, bar, head] = [width * zoom, height * zoom, 8, 16];
  const picture = blankPicture(tileWidth * votes.length, head + 2 * tileHeight + bar);
  const pixels = read(0);
  const heaviest = [...votes.keys()].sort((a, b) => votes[b]!.weight - votes[a]!.weight).slice(0, mapped);
  drawText(picture, `SCORE ${score.toFixed(3)}`, { left: 4, top: 3 });
  for (const [place, { slice, weight }] of votes.entries()) {
    const left = place * tileWidth;
    const from = slice * height * width * channels;
    const tile = { left, width: tileWidth, height: tileHeight };
    const grey = (x: number, y: number) =>
      pixels[from + (Math.floor(y / zoom) * width + Math.floor(x / zoom)) * channels]!;
    drawArea(picture, { ...tile, top: head }, grey);
    const filled = Math.round((tileWidth - 2) * Math.max(0, weight));
    drawArea(picture, { left, top: head + tileHeight, width: tileWidth - 1, height: bar }, (x) =>
      x < filled ? [240, 140, 40] : 40,
    );
    if (!heaviest.includes(place)) continue;
    drawArea(picture, { ...tile, top: head + tileHeight + bar }, (x, y) => {
      const [row, column] = [Math.floor((y * rows) / tileHeight), Math.floor((x * columns) / tileWidth)];
      return heated(grey(x, y), values[(place * rows + row) * columns + column]!);
    });
  }
  return encodePng(picture);
}
