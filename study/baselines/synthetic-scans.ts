// Synthetic scans in memory with exact masks, for comparisons, segmentation and attacks without an archive.

import { synthesiseScan } from "../../imaging/phantom/synthesise-scan.ts";
import { windowChannels } from "../../imaging/volume/intensity.ts";
import type { ScanMasks, SegmentationSet } from "../../model/segmentation/segmentation-set.ts";
import type { Split } from "../../protocol/learner.ts";

export interface SyntheticOptions {
  readonly patients: number;
  /** Rows and columns. */
  readonly side: number;
  /** Of every scan. */
  readonly slices: number;
  readonly seed: number;
}

type OnProgress = (done: number, total: number) => void;

/** One scan of each patient; every other patient is positive. Grey: the lung window. */
export async function synthesiseScans(
  { patients, side, slices, seed }: SyntheticOptions,
  onProgress: OnProgress = () => {},
): Promise<SegmentationSet> {
  const scans: SegmentationSet["scans"][number][] = [];
  const kept: { readonly pixels: Uint8Array; readonly masks: ScanMasks }[] = [];
  for (let index = 0; index < patients; index++) {
    const label = (index % 2) as 0 | 1;
    const found = synthesiseScan({ seed, index, positive: label === 1, matrix: side, slices: [slices, slices] });
    const pixels = windowChannels(Float32Array.from(found.hu), ["lung"]);
    scans.push({ patient: `synthetic${index}`, label, slices: found.geometry.slices });
    kept.push({ pixels, masks: { lung: found.lung, lesion: found.lesion } });
    onProgress(index + 1, patients);
    await new Promise(setImmediate);
  }
  return {
    scans,
    height: side,
    width: side,
    channels: 1,
    read: (index) => at(kept, index).pixels,
    masks: (index) => at(kept, index).masks,
  };
}

/** Split of each ten pairs of a positive and a negative patient. */
const splitOfPair = (pair: number): Split => (pair % 10 < 5 ? "train" : pair % 10 < 7 ? "validation" : "test");

/** Split by patient: half is trained on, a fifth is for validation and 0.3 for the test. */
export async function synthesiseSets(
  options: SyntheticOptions,
  onProgress: OnProgress,
): Promise<Readonly<Record<Split, SegmentationSet>>> {
  const all = await synthesiseScans(options, onProgress);
  const of = (split: Split) => chosenScans(all, (place) => splitOfPair(Math.floor(place / 2)) === split);
  return { train: of("train"), validation: of("validation"), test: of("test") };
}

/** The scans at some places of a set. */
export function chosenScans(set: SegmentationSet, isIn: (place: number) => boolean): SegmentationSet {
  const places = [...set.scans.keys()].filter(isIn);
  return {
    ...set,
    scans: places.map((place) => at(set.scans, place)),
    read: (index) => set.read(at(places, index)),
    masks: (index) => set.masks(at(places, index)),
  };
}

function at<T>(list: readonly T[], index: number): T {
  return list[index] as T;
}
