// Gives a mask to the classifier: as another channel, or by setting pixels outside the lung to 0.
import type { TrainingSet } from "../training/training-set.ts";
import type { ScanMasks } from "./segmentation-set.ts";

/** `channel`: another channel, 0 outside, 128 in healthy lung, 255 in lesions. `input`: pixels outside the lung become 0. */
export type MaskUse = "channel" | "input";

/**
 * @param pixels [voxels, channels], 0 to 255
 * @returns [voxels, channels + 1] or [voxels, channels]
 */
export function maskedChannels(
  pixels: Uint8Array,
  channels: number,
  { lung, lesion }: ScanMasks,
  use: MaskUse,
): Uint8Array {
  if (use === "input") return pixels.map((value, at) => (lung[Math.floor(at / channels)] ? value : 0));
  const masked = new Uint8Array(lung.length * (channels + 1));
  for (let voxel = 0; voxel < lung.length; voxel++) {
    masked.set(pixels.subarray(voxel * channels, (voxel + 1) * channels), voxel * (channels + 1));
    masked[voxel * (channels + 1) + channels] = lesion[voxel] ? 255 : lung[voxel] ? 128 : 0;
  }
  return masked;
}

/** The same scans with their masks as input of a classifier; each is segmented when it is first read. */
export function maskedSet(data: TrainingSet, masksOf: (index: number) => ScanMasks, use: MaskUse): TrainingSet {
  const known = new Map<number, ScanMasks>();
  return {
    scans: data.scans,
    height: data.height,
    width: data.width,
    channels: data.channels + (use === "channel" ? 1 : 0),
    read(index) {
      const masks = known.get(index) ?? masksOf(index);
      known.set(index, masks);
      return maskedChannels(data.read(index), data.channels, masks, use);
    },
  };
}
