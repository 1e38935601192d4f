// Training data of the segmentation: scans with exact masks, which only synthetic patients have.
import type { TrainingSet } from "../training/training-set.ts";

/** A scan's masks, [slices, height, width], 1 inside; lesions lie in the lung. */
export interface ScanMasks {
  readonly lung: Uint8Array;
  readonly lesion: Uint8Array;
}

export interface SegmentationSet extends TrainingSet {
  /** Of scan i. */
  masks(index: number): ScanMasks;
}
