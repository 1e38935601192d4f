// Which of a patient's series to learn from: one axial chest series, thin slices and a lung kernel preferred, and a word
// on each of the others.
import { FedError } from "../../foundation/errors.ts";
import type { CtFrame, CtInstance } from "../dicom/ct-instance.ts";
import { isAxial, type OrderedSeries, orderSeries, type PlacedFrame } from "./order.ts";

/** What a header says of a file as a part of its series: all but the file's own name. */
export type SeriesInstance = Omit<CtInstance, "instanceUid">;

/** A file of the archive with what its header says. */
export interface ExaminedFile {
  /** Place in the archive's listing. */
  readonly file: number;
  readonly instance: SeriesInstance;
}

/** Why a series was left, and what to do where that was wrong. */
export const leftReasons = {
  NOT_CT: "nothing to do: only CT is learned from",
  NOT_HU: "export the series in Hounsfield units, not as a spectral or derived map",
  LOCALIZER: "nothing to do: a scout is no scan",
  DERIVED: "nothing to do: the original axial series is preferred to what was computed from it",
  NOT_AXIAL: "export the axial series of the study",
  NO_POSITION: "export the series with ImagePositionPatient and ImageOrientationPatient",
  MIXED_PIXEL_SIZES: "export the series with one pixel size for all of its frames",
  TOO_FEW_SLICES: "lower --min-slices where so few slices are a scan",
  OTHER_BODY_PART: "export the chest series of the study",
  ANOTHER_PREFERRED: "nothing to do: a thinner, sharper or more complete series of the patient was taken",
} as const;
export type LeftReason = keyof typeof leftReasons;

export interface SeriesCandidate {
  readonly files: readonly ExaminedFile[];
  readonly order: OrderedSeries;
  readonly thicknessMm: number;
}

export interface LeftSeries {
  readonly files: readonly ExaminedFile[];
  readonly reason: LeftReason;
}

export interface Selection {
  /** Series that can be used, best first. The caller takes the first that decodes and shows lungs. */
  readonly candidates: readonly SeriesCandidate[];
  /** Series that cannot be used. */
  readonly left: readonly LeftSeries[];
}

export interface SelectionOptions {
  /** A series with fewer slices is no scan of the chest. */
  readonly minSlices: number;
}

// CT Image Storage, its enhanced and legacy-converted forms; "" where a file does not say.
const ctStorages = new Set([
  "1.2.840.10008.5.1.4.1.1.2",
  "1.2.840.10008.5.1.4.1.1.2.1",
  "1.2.840.10008.5.1.4.1.1.2.2",
  "",
]);
const lungKernels = /lung|^b[5-7]\d|^br?[5-7]\d|fc5\d|bone|sharp|^l$|^y/i;
const otherParts = /HEAD|BRAIN|NECK|PELVIS|KNEE|HIP|FOOT|HAND|SPINE|EXTREMITY/;

export function selectSeries(files: readonly ExaminedFile[], { minSlices }: SelectionOptions): Selection {
  const left: LeftSeries[] = [];
  const candidates: SeriesCandidate[] = [];
  for (const series of seriesOf(files)) {
    const found = judge(series, minSlices);
    if (typeof found === "string") left.push({ files: series, reason: found });
    else candidates.push(found);
  }
  const longest = candidates.reduce((most, one) => Math.max(most, extentMm(one)), 0);
  const penalty = (one: SeriesCandidate) => rank(one) + (extentMm(one) < 0.6 * longest ? 1000 : 0);
  candidates.sort((a, b) => penalty(a) - penalty(b) || b.order.frames.length - a.order.frames.length);
  return { candidates, left };
}

/** The candidates that were not needed, since another one was taken, as entries of the quarantine list. */
export function notNeeded(candidates: readonly SeriesCandidate[]): LeftSeries[] {
  return candidates.map(({ files }) => ({ files, reason: "ANOTHER_PREFERRED" }));
}

/** Files of one series, one grid, one kernel and one orientation: archives mix several under one UID. */
function seriesOf(files: readonly ExaminedFile[]): ExaminedFile[][] {
  const groups = groupBy(files, ({ instance }) => {
    const { studyUid, seriesUid, rows, columns, imageType, kernel, modality, hasPixels, frames } = instance;
    const direction = frames[0]?.orientation?.map((cosine) => Math.round(cosine * 20));
    const pixelSize = frames[0] && pixelSizeOf(frames[0]);
    const isScout = imageType.includes("LOCALIZER");
    return JSON.stringify([
      studyUid,
      seriesUid,
      modality,
      hasPixels,
      rows,
      columns,
      direction,
      pixelSize,
      kernel,
      isScout,
    ]);
  });
  return groups.flatMap((group) => {
    const { repeated } = orderSeries(framesOf(group));
    // A pass repeated over the same heights is another acquisition; the same slice sent twice is not.
    if (repeated.length <= 0.25 * group.length) return [group];
    return groupBy(group, ({ instance }) => String(instance.acquisitionNumber));
  });
}

/** In micrometres, "" where the file does not say. */
function pixelSizeOf({ pixelSpacingMm }: Pick<CtFrame, "pixelSpacingMm">): string {
  return pixelSpacingMm?.map((mm) => Math.round(mm * 1000)).join() ?? "";
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

function framesOf(files: readonly ExaminedFile[]): PlacedFrame[] {
  return files.flatMap(({ file, instance }) =>
    instance.frames.map((frame, index) => ({ ...frame, file, frame: index })),
  );
}

function judge(files: readonly ExaminedFile[], minSlices: number): SeriesCandidate | LeftReason {
  const { instance } = files[0]!;
  const { modality, sopClass, imageType, bodyPart } = instance;
  if ((modality !== "CT" && modality !== "") || !ctStorages.has(sopClass) || !instance.hasPixels) return "NOT_CT";
  if (imageType.some((word) => word === "LOCALIZER" || word === "SCOUT")) return "LOCALIZER";
  if (imageType.some((word) => /MPR|PROJECTION|MIP|3D|REFORMATTED|SCREEN/.test(word))) return "DERIVED";
  if (otherParts.test(bodyPart) && !/CHEST|THORAX|LUNG/.test(bodyPart)) return "OTHER_BODY_PART";
  const frames = framesOf(files);
  // "US" is unspecified. PS3.3 C.11.1.1.2
  if (frames.some(({ rescaleType }) => !["", "HU", "US"].includes(rescaleType.trim().toUpperCase()))) return "NOT_HU";
  const oriented = frames.find(({ orientation }) => orientation !== undefined);
  if (oriented && !isAxial(oriented.orientation)) return "NOT_AXIAL";
  // Files of other sizes are other series; frames of one file may claim them, and would not lie above each other.
  if (new Set(frames.map(pixelSizeOf)).size > 1) return "MIXED_PIXEL_SIZES";
  const order = orderSeries(frames);
  // A lone slice needs no order; more without positions cannot be put into one.
  if (order.frames.length === 0) return "NO_POSITION";
  if (order.frames.length < minSlices) return "TOO_FEW_SLICES";
  return { files, order, thicknessMm: instance.sliceThicknessMm ?? order.spacingMm };
}

function extentMm({ order, thicknessMm }: SeriesCandidate): number {
  const { frames } = order;
  return (frames.at(-1)?.heightMm ?? 0) - (frames[0]?.heightMm ?? 0) + thicknessMm;
}

/** Lower is better: the thickness as it is read, a lung kernel before another, a series without gaps before one with. */
function rank({ files, order, thicknessMm }: SeriesCandidate): number {
  const kernel = files[0]?.instance.kernel ?? "";
  const thickness = Math.max(1, Math.round(thicknessMm * 2) / 2);
  return thickness * 10 + (lungKernels.test(kernel) ? 0 : 3) + (order.gaps > 0 ? 50 : 0);
}

/** Why nothing of a patient was chosen, as an error for the quarantine. */
export function noSeriesError({ left }: Selection, { minSlices }: SelectionOptions): FedError {
  const counts: Partial<Record<LeftReason, number>> = {};
  for (const { reason } of left) counts[reason] = (counts[reason] ?? 0) + 1;
  const remedy = `export an axial CT series of the chest with at least ${minSlices} slices for this patient`;
  return new FedError("NO_CHEST_SERIES", counts, { remedy });
}
