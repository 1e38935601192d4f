// Scores of a segmentation by patient: Dice of lung and lesion, and false lesions in healthy patients.
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import { diceOf, meanOfPatients } from "./dice.ts";
import type { ScanMasks, SegmentationSet } from "./segmentation-set.ts";

export interface SegmentationScores {
  readonly lung: Estimate;
  readonly lungPatients: number;
  /** Over patients with lesions. */
  readonly lesion: Estimate;
  readonly lesionPatients: number;
  /** Dice of each of them, in the order of the set, for paired comparisons. */
  readonly lesionDice: readonly number[];
  /** Share of the true lung that is called lesion in patients without lesions; 0 is right. */
  readonly falseLesion: Estimate;
  readonly healthyPatients: number;
}

/** Each scan of the set must be of another patient, as synthetic ones are. */
export function scoreSegmentation(data: SegmentationSet, masksOf: (index: number) => ScanMasks): SegmentationScores {
  const lung: number[] = [];
  const lesion: number[] = [];
  const falseLesion: number[] = [];
  for (const index of data.scans.keys()) {
    const exact = data.masks(index);
    const found = masksOf(index);
    const lungDice = diceOf(found.lung, exact.lung);
    if (lungDice !== undefined) lung.push(lungDice);
    if (count(exact.lesion) > 0) lesion.push(diceOf(found.lesion, exact.lesion) as number);
    else if (count(exact.lung) > 0) falseLesion.push(count(found.lesion) / count(exact.lung));
  }
  return {
    lung: meanOfPatients(lung),
    lungPatients: lung.length,
    lesion: meanOfPatients(lesion),
    lesionPatients: lesion.length,
    lesionDice: lesion,
    falseLesion: meanOfPatients(falseLesion),
    healthyPatients: falseLesion.length,
  };
}

function count(mask: Uint8Array): number {
  return mask.reduce((sum, inside) => sum + inside, 0);
}
