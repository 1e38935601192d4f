// A picture of the slices that a network was shown, with what each weighed.
import { blankPicture, drawArea, drawText, encodePng } from "../../imaging/view/picture.ts";
import type { Explanation } from "../../model/network/explain.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";

/** The sampled slices side by side, each over a bar: its weight for the positive class. */
export function votesPng({ height, width, channels, read }: TrainingSet, { score, votes }: Explanation): Buffer {
  const zoom = Math.max(1, Math.round(128 / width));
  const [tileWidth, tileHeight, bar, head] = [width * zoom, height * zoom, 8, 16];
  const picture = blankPicture(tileWidth * votes.length, head + tileHeight + bar);
  const pixels = read(0);
  drawText(picture, `SCORE ${score.toFixed(3)}`, { left: 4, top: 3 });
  for (const [place, { slice, weight }] of votes.entries()) {
    const left = place * tileWidth;
    const from = slice * height * width * channels;
    drawArea(picture, { left, top: head, width: tileWidth, height: tileHeight }, (x, y) => {
      return pixels[from + (Math.floor(y / zoom) * width + Math.floor(x / zoom)) * channels]!;
    });
    const filled = Math.round((tileWidth - 2) * Math.max(0, weight));
    drawArea(picture, { left, top: head + tileHeight, width: tileWidth - 1, height: bar }, (x) =>
      x < filled ? [240, 140, 40] : 40,
    );
  }
  return encodePng(picture);
}
