// The baseline of the segmentation: lung pixels brighter than a threshold are lesion.
import { diceOf } from "./dice.ts";
import type { ScanMasks, SegmentationSet } from "./segmentation-set.ts";

/** Masks with the same lung; lesions are its pixels whose first channel is at or above the threshold, 0 to 255. */
export function lesionByThreshold(
  pixels: Uint8Array,
  channels: number,
  lung: Uint8Array,
  threshold: number,
): ScanMasks {
  const lesion = lung.map((inside, voxel) => inside & Number(pixels[voxel * channels]! >= threshold));
  return { lung, lesion };
}

/** The threshold with the best mean lesion Dice; choose it on validation patients. */
export function chooseThreshold(data: SegmentationSet, lungOf: (index: number) => Uint8Array): number {
  const ill = [...data.scans.keys()].filter((index) => data.masks(index).lesion.includes(1));
  let best = { threshold: 128, dice: -1 };
  for (let threshold = 8; threshold < 256; threshold += 8) {
    let dice = 0;
    for (const index of ill) {
      const { lesion } = lesionByThreshold(data.read(index), data.channels, lungOf(index), threshold);
      dice += diceOf(lesion, data.masks(index).lesion) as number;
    }
    if (dice > best.dice) best = { threshold, dice };
  }
  return best.threshold;
}
