// Which of a patient's series to learn from: axial chest series, thin slices and a lung kernel preferred, and a reason for
// each of the others.
import { FedError } from "../../foundation/errors.ts";
import { isOtherPart } from "./body-part.ts";
import { clusterPoints, groupBy } from "./clusters.ts";
import type { ExaminedFile } from "./examined-file.ts";
import { joinInterleaved } from "./join-interleaved.ts";
import {
  continuedSides,
  extentOf,
  isPart,
  joinVolumes,
  partedSides,
  partsBetweenGaps,
  type Side,
} from "./join-volumes.ts";
import { isAxial, type OrderedSeries, orderSeries } from "./order.ts";
import { framesOf, isAmbiguous, type SeriesFrame, splitVolumes } from "./split-volumes.ts";
import { samePixelSize, seriesOf, unreadableSeries, usableSlices } from "./usable-slices.ts";

/** Why a series was left; the table of errors has the remedies. */
export type LeftReason =
  | "NOT_CT"
  | "NOT_HU"
  | "COLOUR"
  | "LOCALIZER"
  | "DERIVED"
  | "NOT_AXIAL"
  | "NO_POSITION"
  | "VALUE_UNREADABLE"
  | "MIXED_PIXEL_SIZES"
  | "MIXED_VOLUMES"
  | "TOO_FEW_SLICES"
  | "SERIES_INCOMPLETE"
  | "OTHER_BODY_PART"
  | "ANOTHER_PREFERRED";

export interface SeriesCandidate {
  readonly files: readonly ExaminedFile[];
  readonly order: OrderedSeries;
  readonly thicknessMm: number;
  /** Sides on which another series may continue the scan. */
  readonly continued: readonly Side[];
  /** Whether another series of the same make adjoins. */
  readonly isPart: boolean;
}

export interface LeftSeries {
  readonly files: readonly ExaminedFile[];
  readonly reason: LeftReason;
  /** Attributes that cannot be read, and the like; no identifiers. */
  readonly facts?: Readonly<Record<string, string>>;
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
const scoutWords = ["LOCALIZER", "SCOUT"];
/** Image types whose values are not those of a slice. */
const projected = /PROJECTION|MIP|MINIP|3D|SCREEN|VRT|SUBTRACT/;
/** The same in a description, where the image type does not say it; "for MIP" is what projections are made of. */
const projectedSeries = /(?<!\b(for|fur|für|pour|para|per)[\s_-]+)(?<![a-z])(m(in|ax)?[\s_-]?ip|vrt)(?![a-z])/i;
const reformatted = /MPR|REFORMATTED/;
/** Largest difference by noise of direction cosines. */
const sameCosine = 0.02;

export function selectSeries(files: readonly ExaminedFile[], { minSlices }: SelectionOptions): Selection {
  const left: LeftSeries[] = [];
  const candidates: SeriesCandidate[] = [];
  const byFile = new Map(files.map((one) => [one.file, one]));
  const filesOf = (frames: readonly SeriesFrame[]) =>
    [...new Set(frames.map(({ file }) => file))].map((file) => byFile.get(file)!);
  const withoutFrames = files.filter(({ instance }) => instance.frames.length === 0);
  for (const [, series] of groupBy(withoutFrames, ({ instance }) => instance.seriesUid))
    left.push({ files: series, reason: "NOT_CT" });
  const grids: SeriesFrame[][][] = [];
  /** Slices that cannot be used, but show where a scan continues. */
  const unusable: SeriesFrame[][] = [];
  const usable = gridsOf(files).filter((grid) => {
    const refused = refusalOf(grid[0]!);
    if (refused) for (const series of seriesOf(grid)) left.push({ files: filesOf(series), reason: refused });
    if (refused === "OTHER_BODY_PART") unusable.push(...seriesOf(grid));
    return !refused;
  });
  const unreadable = unreadableSeries(usable.flat());
  for (const grid of usable) {
    const readable = seriesOf(grid).map((series) => {
      const checked = usableSlices(series, unreadable.get(series[0]!));
      left.push(...checked.left.map(({ frames, ...why }) => ({ files: filesOf(frames), ...why })));
      if (checked.kept.length === 0) unusable.push(series);
      return checked.kept;
    });
    const { volumes, unclear } = joinInterleaved(readable.filter(({ length }) => length > 0).flatMap(splitVolumes));
    for (const frames of unclear) left.push({ files: filesOf(frames), reason: "SERIES_INCOMPLETE" });
    grids.push(joinVolumes(volumes).flatMap(partsBetweenGaps));
  }
  const everywhere = [...grids.flat(), ...unusable].flatMap((frames) => extentOf(frames) ?? []);
  for (const volumes of grids) {
    for (const frames of volumes) {
      const order = orderSeries(frames);
      if (order.frames.length < Math.max(1, minSlices)) {
        // A lone slice needs no order; more without positions cannot be put into one.
        left.push({ files: filesOf(frames), reason: order.frames.length === 0 ? "NO_POSITION" : "TOO_FEW_SLICES" });
      } else if (isAmbiguous(frames)) left.push({ files: filesOf(frames), reason: "MIXED_VOLUMES" });
      else {
        const thicknessMm = frames[0]!.instance.sliceThicknessMm ?? order.spacingMm;
        const continued = [...new Set([...continuedSides(frames, everywhere), ...partedSides(frames, volumes)])];
        candidates.push({ files: filesOf(frames), order, thicknessMm, continued, isPart: isPart(frames, volumes) });
      }
    }
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

/** Frames of one study that can lie in one stack: one grid, one kernel, one orientation. */
function gridsOf(files: readonly ExaminedFile[]): SeriesFrame[][] {
  const frames = framesOf(files);
  const directions = clusterPoints(
    frames.map(({ orientation }) => orientation ?? []),
    sameCosine,
  );
  // Frames of one file may claim several pixel sizes; it is still one series.
  const sizes = clusterPoints(
    frames.map(({ instance }) => (instance.frames[0]!.pixelSpacingMm ?? []).map(Math.log)),
    samePixelSize,
  );
  const studies = groupBy(frames, ({ instance }) => instance.studyUid);
  const groups = groupBy(frames, (frame, index) => {
    const { studyUid, sopClass, rows, columns, kernel, imageType } = frame.instance;
    const grid = [rows, columns, directions[index], sizes[index]];
    // Some anonymisers give each file a study of its own: such slices are those of one.
    const study = studies.get(studyUid)!.length === 1 ? "" : studyUid;
    return JSON.stringify([study, sopClass, kernel, refusalOf(frame), isReformatted(imageType), ...grid]);
  });
  return [...groups.values()];
}

function refusalOf({ instance, orientation, rescaleType, marks }: SeriesFrame): LeftReason | undefined {
  const { modality, sopClass, imageType, bodyPart, samplesPerPixel, photometricInterpretation } = instance;
  if ((modality !== "CT" && modality !== "") || !ctStorages.has(sopClass)) return "NOT_CT";
  // Values under a palette are numbers of colours.
  if (samplesPerPixel > 1 || !["", "MONOCHROME1", "MONOCHROME2"].includes(photometricInterpretation)) return "COLOUR";
  if (imageType.some((word) => scoutWords.includes(word))) return "LOCALIZER";
  if (imageType.some((word) => projected.test(word)) || projectedSeries.test(marks.seriesDescription ?? ""))
    return "DERIVED";
  if (isOtherPart(bodyPart)) return "OTHER_BODY_PART";
  // "US" is unspecified. PS3.3 C.11.1.1.2
  if (!/^(HU|US|HOUNSFIELD( UNITS?)?)?$/i.test(rescaleType.trim())) return "NOT_HU";
  if (orientation && !isAxial(orientation)) return isReformatted(imageType) ? "DERIVED" : "NOT_AXIAL";
  return undefined;
}

function isReformatted(imageType: readonly string[]): boolean {
  return imageType.some((word) => reformatted.test(word));
}

function extentMm({ order, thicknessMm }: SeriesCandidate): number {
  const { frames } = order;
  return (frames.at(-1)?.heightMm ?? 0) - (frames[0]?.heightMm ?? 0) + thicknessMm;
}

/**
 * Lower is better: the thickness as it is read, a lung kernel before another, a series without gaps before one with, an
 * original before what was computed from it, and a whole scan before one that another series continues.
 */
function rank({ files, order, thicknessMm, isPart }: SeriesCandidate): number {
  const { kernel, imageType } = files[0]!.instance;
  const thickness = Math.max(1, Math.round(thicknessMm * 2) / 2);
  const isDerived = imageType[0] === "DERIVED" || isReformatted(imageType);
  const penalties = (order.gaps > 0 ? 50 : 0) + (isDerived ? 400 : 0) + (isPart ? 200 : 0);
  return thickness * 10 + (lungKernels.test(kernel) ? 0 : 3) + penalties;
}

/** The error for the quarantine list if no series of a patient can be used. */
export function noSeriesError({ left }: Selection, { minSlices }: SelectionOptions): FedError {
  const counts: Partial<Record<LeftReason, number>> = {};
  for (const { reason } of left) counts[reason] = (counts[reason] ?? 0) + 1;
  const remedy = `export an axial CT series of the chest with at least ${minSlices} slices for this patient`;
  return new FedError("NO_CHEST_SERIES", counts, { remedy });
}
