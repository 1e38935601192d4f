// Normalises one patient: a scan of the best usable series, or entries in the quarantine that say why there is none.
import { FedError, isFedError } from "../../foundation/errors.ts";
import { inOrder } from "../../foundation/in-order.ts";
import type { DecodePool } from "../dicom/decode-pool.ts";
import type { ExaminedFile } from "../series/examined-file.ts";
import { readStack, type Stack } from "../series/read-stack.ts";
import { isScannerWord, type ScannerWord } from "../series/scanner-names.ts";
import { type LeftSeries, noSeriesError, notNeeded, type SeriesCandidate, selectSeries } from "../series/select.ts";
import type { Pseudonyms } from "../shard/pseudonyms.ts";
import { type QuarantineEntry, quarantineEntry } from "../shard/quarantine.ts";
import type { ScanFacts } from "../shard/shard-format.ts";
import type { NewScan } from "../shard/shard-writer.ts";
import type { ExaminedFiles } from "../source/examined-files.ts";
import type { FileList, ListedFile } from "../source/file-list.ts";
import type { PatientFiles } from "../source/group-patients.ts";
import type { Plane } from "../volume/geometry.ts";
import { type ShardShape, workingPixelMm } from "./normalise.ts";
import type { NormalisePool } from "./normalise-pool.ts";

export interface PatientWork {
  readonly files: FileList;
  readonly examined: ExaminedFiles;
  readonly pool: DecodePool;
  readonly normaliser: NormalisePool;
  readonly pseudonyms: Pseudonyms;
  readonly shape: ShardShape;
  readonly minSlices: number;
  readonly signal?: AbortSignal | undefined;
  /** Called with the decoded scan before it is normalised, for pictures of it. */
  readonly onStack?: ((patient: string, stack: Stack) => Promise<void>) | undefined;
}

export interface PatientResult {
  readonly scan?: NewScan;
  readonly quarantined: QuarantineEntry[];
}

/**
 * Normalises one patient. It never fails because of the patient's files: their faults are in the quarantine.
 *
 * @throws STORE_FULL, FILE_UNWRITABLE, and what `signal` throws
 */
export async function normalisePatient(patient: PatientFiles, work: PatientWork): Promise<PatientResult> {
  const quarantined: QuarantineEntry[] = [];
  try {
    const scan =
      patient.dicom.length > 0
        ? await fromDicom(patient, work, quarantined)
        : await fromPictures(patient, work, quarantined);
    return { scan, quarantined };
  } catch (error) {
    work.signal?.throwIfAborted();
    if (isOfMachine(error)) throw error;
    const files = patient.dicom.length + patient.pictures.length;
    quarantined.push(quarantineEntry(error, { what: "scan", patient: patient.patient, files }));
    return { quarantined };
  }
}

/** Errors that are no patient's fault, and would be the next patient's as well. */
function isOfMachine(error: unknown): boolean {
  return isFedError(error, "STORE_FULL", "FILE_UNWRITABLE", "DICOM_POOL_CLOSED", "NORMALISER_CLOSED");
}

/** The best series that can be decoded and shows lungs: a damaged one, or one of the head, does not cost the patient. */
async function fromDicom(
  { patient, dicom, pictures }: PatientFiles,
  work: PatientWork,
  quarantined: QuarantineEntry[],
): Promise<NewScan> {
  const { examined, pseudonyms, signal } = work;
  const selection = selectSeries(dicom.map(examined.headerOf), work);
  const { candidates } = selection;
  const leave = (left: readonly LeftSeries[]) => quarantined.push(...leftSeries(left, patient, pseudonyms));
  leave(selection.left);
  if (pictures.length > 0) {
    const error = new FedError("PICTURES_BESIDE_DICOM", {}, { remedy: "nothing to do: the DICOM files were taken" });
    quarantined.push(quarantineEntry(error, { what: "series", patient, files: pictures.length }));
  }
  const failures: { readonly candidate: SeriesCandidate; readonly error: unknown }[] = [];
  const leaveFailures = () => {
    for (const { candidate, error } of failures) {
      const { instance } = candidate.files[0]!;
      const series = pseudonyms.of("series", instance.seriesUid);
      const entry = quarantineEntry(error, { what: "series", patient, series, files: candidate.files.length });
      quarantined.push({ ...entry, facts: { ...entry.facts, ...lookOf(candidate.files) } });
    }
  };
  for (const [place, candidate] of candidates.entries()) {
    try {
      const scan = await fromSeries(patient, candidate, work, quarantined);
      leaveFailures();
      leave(notNeeded(candidates.slice(place + 1)));
      return { ...scan, choice: { place: place + 1, of: candidates.length } };
    } catch (error) {
      signal?.throwIfAborted();
      if (isOfMachine(error)) throw error;
      failures.push({ candidate, error });
    }
  }
  // The only candidate's failure is the patient's.
  if (failures.length > 1) leaveFailures();
  throw failures[0]?.error ?? noSeriesError(selection, work);
}

async function fromSeries(
  patient: string,
  candidate: SeriesCandidate,
  work: PatientWork,
  quarantined: QuarantineEntry[],
): Promise<NewScan> {
  const { files, pool, pseudonyms, shape, signal } = work;
  const damaged: QuarantineEntry[] = [];
  const stack = await readStack(candidate, (file, read) => files.at(file).use(read), {
    pool,
    pixelMm: workingPixelMm(shape),
    allAtOnce: files.inAnyOrder,
    signal,
    onDamaged: ({ file, error, isReplaced }) => {
      const place = { what: "file", patient, file: fileName(files.at(file), pseudonyms), files: 1 } as const;
      const entry = quarantineEntry(error, place);
      damaged.push(isReplaced ? { ...entry, facts: { ...entry.facts, isReplaced }, remedy: replacedRemedy } : entry);
    },
  });
  quarantined.push(...damaged);
  await work.onStack?.(patient, stack);
  const { pixels, slices, lungMl } = await work.normaliser.run({ kind: "stack", stack, shape });
  const series = pseudonyms.of("series", candidate.files[0]!.instance.seriesUid);
  return { pixels, slices, series, facts: { ...dicomFacts(candidate, pseudonyms), lungMl: Math.round(lungMl) } };
}

const replacedRemedy = "nothing to do: another file of the same slices was taken";

export function fileName(file: ListedFile, pseudonyms: Pseudonyms): string {
  return pseudonyms.of("file", file.parts.join("/"));
}

function leftSeries(left: readonly LeftSeries[], patient: string, pseudonyms: Pseudonyms): QuarantineEntry[] {
  return left.map(({ files, reason, facts = {} }) => {
    const { seriesUid } = files[0]!.instance;
    const error = new FedError(reason, { ...lookOf(files), ...facts });
    const series = pseudonyms.of("series", seriesUid);
    return quarantineEntry(error, { what: "series", patient, series, files: files.length });
  });
}

/** Facts that show why a series was left out or preferred. */
export function lookOf(files: readonly ExaminedFile[]): { slices: number; thicknessMm?: number } {
  const { sliceThicknessMm } = files[0]!.instance;
  const slices = files.reduce((sum, { instance }) => sum + instance.frames.length, 0);
  return { slices, ...(sliceThicknessMm === undefined ? {} : { thicknessMm: rounded(sliceThicknessMm) }) };
}

/** Defined terms of PS3.3 C.7.3.1.1.2, or no value. */
const positions = /^([HF]F(P|S|DR|DL)|[LR]F[PS]|[AP]FD[RL])?$/;

/** @param pseudonyms replaces words that are not a maker's own; without them all words are copied, for the hospital's eyes */
export function dicomFacts({ files, order, thicknessMm }: SeriesCandidate, pseudonyms?: Pseudonyms): ScanFacts {
  const { instance } = files[0]!;
  const word = (kind: ScannerWord, value: string) =>
    pseudonyms && !isScannerWord(kind, value) ? pseudonyms.of(kind, value) : value;
  const [frame] = order.frames;
  const warnings = [
    ...(order.gaps > 0 ? ["GAPS"] : []),
    ...(order.isMixed ? ["MIXED_SPACING"] : []),
    ...(order.tiltDegrees > 5 ? ["TILTED"] : []),
    ...(frame?.pixelSpacingMm ? [] : ["NO_PIXEL_SPACING"]),
    ...(frame?.orientation ? [] : ["NO_ORIENTATION"]),
  ];
  return {
    format: "dicom",
    manufacturer: word("manufacturer", instance.manufacturer),
    model: word("model", instance.manufacturerModel),
    kernel: word("kernel", instance.kernel),
    storedSlices: order.frames.length,
    rows: instance.rows,
    columns: instance.columns,
    pixelMm: rounded(frame?.pixelSpacingMm?.[0] ?? 1),
    spacingMm: rounded(order.spacingMm),
    thicknessMm: rounded(thicknessMm),
    transferSyntax: instance.transferSyntax,
    position: positions.test(instance.patientPosition) || !pseudonyms ? instance.patientPosition : "other",
    duplicates: order.repeated.length,
    gaps: order.gaps,
    mixedSpacing: order.isMixed,
    tiltDegrees: rounded(order.tiltDegrees),
    warnings,
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

async function fromPictures(
  { patient, pictures }: PatientFiles,
  { files, pseudonyms, shape, signal, minSlices, normaliser }: PatientWork,
  quarantined: QuarantineEntry[],
): Promise<NewScan> {
  const planes: Plane[] = [];
  let largest = { rows: 0, columns: 0 };
  const decoded = inOrder(pictures, normaliser.size + 1, async (file) => {
    signal?.throwIfAborted();
    try {
      return await files.at(file).use((source) => normaliser.run({ kind: "picture", source, shape }));
    } catch (error) {
      const place = { what: "file", patient, file: fileName(files.at(file), pseudonyms), files: 1 } as const;
      return quarantineEntry(error, place);
    }
  });
  for await (const one of decoded) {
    if ("code" in one) quarantined.push(one);
    else {
      planes.push(one.plane);
      if (one.rows * one.columns > largest.rows * largest.columns) largest = { rows: one.rows, columns: one.columns };
    }
  }
  if (planes.length === 0 && quarantined.length > 0 && quarantined.every(({ code }) => code === "PICTURE_NOT_CT")) {
    throw new FedError("PICTURE_NOT_CT", { pictures: pictures.length });
  }
  if (planes.length < minSlices) {
    const remedy = planes.length === 0 ? "export the slices again" : undefined;
    throw new FedError("TOO_FEW_SLICES", { slices: planes.length, minSlices }, { remedy });
  }
  const count = planes.length;
  const { pixels, slices, isHuEstimated } = await normaliser.run({ kind: "pictures", planes, shape });
  const facts: ScanFacts = {
    ...{ format: "picture", manufacturer: "", model: "", kernel: "", transferSyntax: "", position: "" },
    ...{ storedSlices: count, rows: largest.rows, columns: largest.columns },
    ...{ pixelMm: 1, spacingMm: 0, thicknessMm: 0, duplicates: 0, gaps: 0, mixedSpacing: false, tiltDegrees: 0 },
    warnings: [isHuEstimated ? "HU_ESTIMATED" : "WINDOW_UNKNOWN", "SIZE_UNKNOWN"],
  };
  return { pixels, slices, series: pseudonyms.of("pictures", patient), facts };
}
