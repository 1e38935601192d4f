// Hounsfield units of the tissues that this project distinguishes, for views, masks and phantom.

/** A range of Hounsfield units, both ends included. */
export interface HuRange {
  readonly low: number;
  readonly high: number;
}

/**
 * The table printed with the CC-19 data set (Kumar et al. 2021). A single printed value is a range of no width here;
 * white and grey matter overlap with blood, so the table names tissues, it does not classify voxels.
 */
export const huTable = {
  air: { low: -1000, high: -1000 },
  lungs: { low: -500, high: -500 },
  fat: { low: -100, high: -50 },
  water: { low: 0, high: 0 },
  cerebrospinalFluid: { low: 15, high: 15 },
  kidney: { low: 30, high: 30 },
  blood: { low: 30, high: 45 },
  muscle: { low: 10, high: 40 },
  greyMatter: { low: 37, high: 45 },
  whiteMatter: { low: 20, high: 30 },
  liver: { low: 40, high: 60 },
  softTissue: { low: 100, high: 300 },
  bone: { low: 700, high: 3000 },
} as const satisfies Record<string, HuRange>;

/** Ranges in which voxels are shown as lung and as bone: wider than the table, for partial volume and diseased lung. */
export const shownAs = {
  lung: { low: -980, high: -400 },
  bone: { low: 250, high: 3071 },
  skin: { low: -300, high: 3071 },
} as const satisfies Record<string, HuRange>;

/** The range of HU from black to white in a picture, as a centre and a width. */
export interface HuWindow {
  readonly centre: number;
  readonly width: number;
}

export const huWindows = {
  lung: { centre: -600, width: 1500 },
  mediastinum: { centre: 40, width: 400 },
  bone: { centre: 400, width: 1800 },
} as const satisfies Record<string, HuWindow>;

/** Grey level 0 to 255 of a HU value in a window (DICOM PS3.3 C.11.2.1.3.2, linear exact). */
export function greyOf(hu: number, { centre, width }: HuWindow): number {
  const share = (hu - (centre - width / 2)) / width;
  return share <= 0 ? 0 : share >= 1 ? 255 : Math.round(share * 255);
}
