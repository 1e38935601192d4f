// Synthetic scans straight into memory, split by patient, with their exact masks: what a comparison or a segmentation can
// be tried on without an archive.
import { windowChannels } from "../../imaging/intensity.ts";
import { synthesiseScan } from "../../imaging/phantom/synthesise-scan.ts";
import type { ScanMasks, SegmentationSet } from "../../model/segmentation/segmentation-set.ts";
import type { Split } from "../../protocol/ports.ts";

export interface SyntheticOptions {
  readonly patients: number;
  /** Rows and columns. */
  readonly side: number;
  /** Of every scan. */
  readonly slices: number;
  readonly seed: number;
}

/** Of ten pairs of a positive and a negative patient, who are drawn independently of each other. */
const splitOfPair = (pair: number): Split => (pair % 10 < 5 ? "train" : pair % 10 < 7 ? "validation" : "test");

/** Half of the patients are positive; a fifth is for validation and 0.3 for the test. Grey: the lung window. */
export async function synthesiseSets(
  { patients, side, slices, seed }: SyntheticOptions,
  onProgress: (done: number, total: number) => void,
): Promise<Readonly<Record<Split, SegmentationSet>>> {
  const all: (SegmentationSet["scans"][number] & { pixels: Uint8Array; masks: ScanMasks; split: Split })[] = [];
  for (let index = 0; index < patients; index++) {
    const label = (index % 2) as 0 | 1;
    const found = synthesiseScan({ seed, index, positive: label === 1, matrix: side, slices: [slices, slices] });
    const pixels = windowChannels(Float32Array.from(found.hu), ["lung"]);
    const masks: ScanMasks = { lung: found.lung, lesion: found.lesion };
    const split = splitOfPair(Math.floor(index / 2));
    all.push({ patient: `synthetic${index}`, label, slices: found.geometry.slices, pixels, masks, split });
    onProgress(index + 1, patients);
    await new Promise(setImmediate);
  }
  const of = (split: Split): SegmentationSet => {
    const own = all.filter((scan) => scan.split === split);
    const at = (index: number) => own[index] as (typeof own)[number];
    return {
      scans: own,
      height: side,
      width: side,
      channels: 1,
      read: (index) => at(index).pixels,
      masks: (index) => at(index).masks,
    };
  };
  return { train: of("train"), validation: of("validation"), test: of("test") };
}
