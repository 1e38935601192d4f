// The same scans with fewer pixels, by area averaging, so that one import serves networks of different sizes.
import type { TrainingSet } from "../../model/training/training-set.ts";

/** Bytes of resized scans that are kept, so that an epoch need not resize them again. */
const keptBytes = 256 * 2 ** 20;

/** @param side height and width; a set with no more pixels than that is returned unchanged */
export function resizedSet(set: TrainingSet, side: number): TrainingSet {
  const { height, width, channels } = set;
  if (side >= height && side >= width) return set;
  const size = { height: Math.min(side, height), width: Math.min(side, width) };
  const [rows, columns] = [shares(height, size.height), shares(width, size.width)];
  const kept = new Map<number, Uint8Array>();
  let bytes = 0;
  return {
    scans: set.scans,
    ...size,
    channels,
    read(index) {
      const found = kept.get(index);
      if (found) return found;
      const pixels = resize(set.read(index), { height, width, channels }, rows, columns);
      if (bytes + pixels.length <= keptBytes) {
        kept.set(index, pixels);
        bytes += pixels.length;
      }
      return pixels;
    },
  };
}

/** The patients of one part of a set. */
export function subset(set: TrainingSet, isIn: (patient: string) => boolean): TrainingSet {
  const places = [...set.scans.keys()].filter((place) => isIn(set.scans[place]?.patient ?? ""));
  return {
    ...set,
    scans: places.map((place) => set.scans[place] as TrainingSet["scans"][number]),
    read: (index) => set.read(places[index]!),
  };
}

/** The old pixels that a new one covers, with their shares, which sum to 1. */
type Cover = readonly { readonly at: number; readonly share: number }[];

function shares(from: number, to: number): readonly Cover[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, place) => {
    const [start, end] = [place * scale, (place + 1) * scale];
    const cover: { at: number; share: number }[] = [];
    for (let at = Math.floor(start); at < Math.min(from, Math.ceil(end)); at++) {
      const share = (Math.min(end, at + 1) - Math.max(start, at)) / scale;
      if (share > 1e-9) cover.push({ at, share });
    }
    return cover;
  });
}

function resize(
  pixels: Uint8Array,
  { height, width, channels }: Pick<TrainingSet, "height" | "width" | "channels">,
  rows: readonly Cover[],
  columns: readonly Cover[],
): Uint8Array {
  const slices = pixels.length / (height * width * channels);
  const resized = new Uint8Array(slices * rows.length * columns.length * channels);
  let to = 0;
  for (let slice = 0; slice < slices; slice++) {
    for (const row of rows) {
      for (const column of columns) {
        for (let channel = 0; channel < channels; channel++) {
          let sum = 0;
          for (const y of row) {
            for (const x of column) {
              const at = ((slice * height + y.at) * width + x.at) * channels + channel;
              sum += y.share * x.share * pixels[at]!;
            }
          }
          resized[to++] = Math.round(sum);
        }
      }
    }
  }
  return resized;
}
