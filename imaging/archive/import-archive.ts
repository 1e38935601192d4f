// An archive of chest CT becomes a shard: listed, examined, grouped by patient, normalised one patient after the other on
// all cores, and moved into its place whole. What cannot be used is listed; what could identify a patient is left behind.
import { readFile } from "node:fs/promises";
import { FedError, isFedError } from "../../protocol/errors.ts";
import { type DecodePool, openDecodePool } from "../dicom/decode-pool.ts";
import { type Examined, examine } from "./examine.ts";
import { groupPatients, type PatientFiles } from "./group-patients.ts";
import { type ImportOptions, type ParsedImportOptions, parseImportOptions } from "./import-options.ts";
import { type ImportSummary, summarise } from "./import-summary.ts";
import { inOrder } from "./in-order.ts";
import { labelsFromCsv, labelsFromFolders } from "./labels.ts";
import { inNaturalOrder, type ListedFile, listFolder } from "./listing.ts";
import { fileName, normalisePatient, type PatientResult } from "./normalise-patient.ts";
import { openPseudonymKey, type Pseudonyms, pseudonymsOf } from "./pseudonyms.ts";
import { type QuarantineEntry, quarantineEntry, sealQuarantine } from "./quarantine.ts";
import { inputsOf, recordsOf } from "./scan-records.ts";
import { readShardIndex, type ShardIndex, shardFiles, shardRoot } from "./shard-format.ts";
import { type Outcome, openShardWriter, type ShardWriter } from "./shard-writer.ts";

export interface ImportProgress {
  readonly stage: "files" | "patients";
  readonly done: number;
  readonly total: number;
}

/**
 * Imports a folder or a zip into shardDir. Options are checked, and files examined, before anything is written; an import
 * that is interrupted goes on when it is started again.
 *
 * @throws {FedError} IMPORT_OPTIONS, ARCHIVE_UNREADABLE, ARCHIVE_EMPTY, ARCHIVE_NO_CT, LABELS_MISSING, LABELS_ONE_CLASS,
 * LABELS_MALFORMED, LABELS_CONTRADICT, LABELS_UNREADABLE, KEY_MALFORMED, SHARD_PLACE_TAKEN, NO_SCANS; and what `signal` throws
 */
export async function* importArchive(
  source: string,
  shardDir: string,
  rawOptions: ImportOptions,
  { signal }: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<ImportProgress, ImportSummary> {
  const options = parseImportOptions(rawOptions);
  const files = inNaturalOrder(await listFolder(source));
  const labelText = await readLabels(files, options);
  const labels = labelText === undefined ? labelsFromFolders(files) : labelsFromCsv(labelText);
  const pseudonyms = pseudonymsOf(await openPseudonymKey(options.keyFile));
  const listing = files.map(({ parts, bytes, modifiedMs }) => [parts.join("/"), bytes, modifiedMs]);
  const { keyFile, workers, password, ...deciding } = options;
  const sourceName = pseudonyms.of("source", JSON.stringify([listing, labelText, deciding]));
  const before = await readShardIndex(shardDir).catch(() => undefined);
  if (before?.source === sourceName) {
    return { ...(await summarise(shardDir, before)), files: files.length, resumed: 0, unchanged: true };
  }
  const pool = openDecodePool(workers === undefined ? {} : { workers });
  try {
    const quarantined: QuarantineEntry[] = [];
    const useful = yield* examineAll(files, { pool, pseudonyms, signal, quarantined });
    const grouped = groupPatients(files, useful, { labels, pseudonyms, fallback: options.label });
    quarantined.push(...grouped.quarantined);
    checkClasses(grouped.patients, options);
    const writer = await openShardWriter(shardDir);
    return yield* fill(writer, {
      ...grouped,
      files,
      quarantined,
      options,
      pool,
      pseudonyms,
      signal,
      sourceName,
      shardDir,
    });
  } finally {
    await pool.close();
  }
}

async function readLabels(files: readonly ListedFile[], { labels }: ParsedImportOptions): Promise<string | undefined> {
  if (labels !== undefined) {
    return readFile(labels, "utf8").catch((cause: unknown) => {
      throw new FedError("LABELS_UNREADABLE", { labels }, { cause, remedy: "give a CSV that you may read" });
    });
  }
  const own = files.find(({ parts }) => parts.length <= 2 && /^(labels|data_file)\.csv$/i.test(parts.at(-1)!));
  return own ? Buffer.from(await own.read()).toString("utf8") : undefined;
}

async function* examineAll(
  files: readonly ListedFile[],
  work: { pool: DecodePool; pseudonyms: Pseudonyms; signal: AbortSignal | undefined; quarantined: QuarantineEntry[] },
): AsyncGenerator<ImportProgress, Extract<Examined, { kind: "dicom" | "picture" }>[]> {
  const useful: Extract<Examined, { kind: "dicom" | "picture" }>[] = [];
  let done = 0;
  for await (const one of examine(files, work.pool, work.signal)) {
    if (one.kind === "dicom" || one.kind === "picture") useful.push(one);
    if (one.kind === "refused") {
      const file = fileName(files[one.file]!, work.pseudonyms);
      work.quarantined.push(quarantineEntry(one.error, { what: "file", file, files: 1 }));
    }
    yield { stage: "files", done: ++done, total: files.length };
  }
  if (useful.length === 0) {
    const codes = [...new Set(work.quarantined.map(({ code }) => code))].join(" ");
    const remedy = "give a folder or zip that holds DICOM files of CT, or slices as jpg or png";
    throw new FedError("ARCHIVE_NO_CT", { files: files.length, codes }, { remedy });
  }
  return useful;
}

function checkClasses(patients: readonly PatientFiles[], { oneClass }: ParsedImportOptions): void {
  const positive = patients.filter(({ label }) => label === 1).length;
  if (oneClass || (positive > 0 && positive < patients.length)) return;
  throw new FedError(
    "LABELS_ONE_CLASS",
    { positive, negative: patients.length - positive },
    { remedy: "add patients of the other class, or say --one-class where the hospital has none" },
  );
}

interface Filling {
  readonly patients: readonly PatientFiles[];
  readonly files: readonly ListedFile[];
  readonly quarantined: QuarantineEntry[];
  readonly options: ParsedImportOptions;
  readonly pool: DecodePool;
  readonly pseudonyms: Pseudonyms;
  readonly signal: AbortSignal | undefined;
  readonly sourceName: string;
  readonly shardDir: string;
}

/** Two patients at a time: one decodes while the other is normalised, and memory holds no more than these. */
const patientsAhead = 2;

async function* fill(writer: ShardWriter, filling: Filling): AsyncGenerator<ImportProgress, ImportSummary> {
  const { patients, files, quarantined, options, pseudonyms, shardDir } = filling;
  const outcomes: Outcome[] = [];
  let resumed = 0;
  let isDone = false;
  try {
    const results = inOrder(patients, patientsAhead, async (patient) => {
      const inputs = inputsOf(patient, files, options, pseudonyms);
      const kept = writer.kept.get(inputs);
      return {
        patient: patient.patient,
        inputs,
        kept,
        made: kept ? undefined : await normalisePatient(patient, { ...filling, ...options }),
      };
    });
    for await (const { patient, inputs, kept, made } of results) {
      if (kept) resumed++;
      outcomes.push(kept ?? (await writer.add({ patient, inputs, ...(made as PatientResult) })));
      yield { stage: "patients", done: outcomes.length, total: patients.length };
    }
    const { records, repeated } = recordsOf(outcomes, patients, options, pseudonyms);
    const sealed = sealQuarantine(
      [...quarantined, ...outcomes.flatMap((one) => one.quarantined), ...repeated],
      pseudonyms,
    );
    if (records.length === 0) throw noScans(sealed.quarantine.entries);
    const { height, width, windows } = options.shape;
    const index: ShardIndex = {
      ...{ version: 1, height, width, windows, source: filling.sourceName },
      ...{ root: shardRoot(records), quarantine: sealed.digest, scans: records },
    };
    await writer.writeFile(shardFiles.quarantine, `${JSON.stringify(sealed.quarantine, undefined, 1)}\n`);
    await writer.finish(index);
    isDone = true;
    return { ...(await summarise(shardDir, index)), files: files.length, resumed, unchanged: false };
  } catch (error) {
    if (isFedError(error, "NO_SCANS")) {
      await writer.discard();
      isDone = true;
    }
    throw error;
  } finally {
    if (!isDone) await writer.close();
  }
}

function noScans(entries: readonly QuarantineEntry[]): FedError {
  const counts: Record<string, number> = {};
  for (const { what, code } of entries) if (what === "scan") counts[code] = (counts[code] ?? 0) + 1;
  const remedy = "none of the patients has a usable scan: look at one with consilium view";
  return new FedError("NO_SCANS", counts, { remedy });
}
