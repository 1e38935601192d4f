// An archive of chest CT becomes a shard: listed, examined, grouped by patient, normalised one patient after the other on
// all cores, and moved into its place whole. What cannot be used is listed; what could identify a patient is left behind.
import { createHash } from "node:crypto";
import { FedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import { type DecodePool, openDecodePool } from "../dicom/decode-pool.ts";
import { hasAllFiles } from "../shard/previous-shard.ts";
import {
  keepPseudonymKey,
  makePseudonymKey,
  type Pseudonyms,
  pseudonymsOf,
  readPseudonymKey,
} from "../shard/pseudonyms.ts";
import type { QuarantineEntry } from "../shard/quarantine.ts";
import { readShardIndex } from "../shard/shard-format.ts";
import { openShardWriter, settleShardPlace } from "../shard/shard-writer.ts";
import { type ExaminedFiles, openExaminedFiles } from "../source/examined-files.ts";
import type { FileList } from "../source/file-list.ts";
import { type Grouping, groupPatients } from "../source/group-patients.ts";
import type { ImageServer } from "../source/image-server.ts";
import { openSource } from "../source/open-source.ts";
import { type ArchiveLabels, readLabels } from "../source/read-labels.ts";
import type { Source } from "../source/source.ts";
import { fillShard, type ImportProgress } from "./fill-shard.ts";
import { type ImportOptions, type ParsedImportOptions, parseImportOptions } from "./import-options.ts";
import type { ImportReport } from "./import-report.ts";
import { type ImportSummary, summarise } from "./import-summary.ts";
import { fileName } from "./normalise-patient.ts";
import { NothingImported, reasonsOf } from "./nothing-imported.ts";
import { planPatients } from "./plan-patients.ts";
import { openRefusedFiles, type RefusedFiles } from "./refused-files.ts";

/**
 * Imports a folder, a zip or the studies of an image server into shardDir. Options are checked, and files examined, before
 * anything is written; an import that is interrupted continues when it is started again.
 *
 * @param place path of the folder or zip, or the server
 * @param shardDir folder of the shard; a shard that is there is replaced in one step
 * @throws IMPORT_OPTIONS, SPLIT_SHARES, ARCHIVE_UNREADABLE, ARCHIVE_EMPTY, ARCHIVE_NO_CT, ZIP_MALFORMED, ZIP_PASSWORD,
 * LABELS_MISSING, LABELS_ONE_CLASS, LABELS_MALFORMED, LABELS_CONTRADICT, LABELS_UNREADABLE, LABELS_SEVERAL, KEY_MALFORMED,
 * KEY_UNREADABLE, SHARD_PLACE_TAKEN, OUT_IS_LINK, IMPORT_RUNNING, STORE_FULL, FILE_UNWRITABLE, NO_SCANS, SHARD_DAMAGED (a shard that is there
 * already), PACS_NO_STUDIES, the failures of an image server (image-server.ts); and what `signal` throws
 */
export async function* importArchive(
  place: string | ImageServer,
  shardDir: string,
  rawOptions: ImportOptions,
  { signal: stop }: Waiting = {},
): AsyncGenerator<ImportProgress, ImportSummary> {
  const options = parseImportOptions(rawOptions);
  const pool = openDecodePool({ ...workersOf(options), isRemote: typeof place !== "string" });
  try {
    const source = yield* openSource(place, options, stop);
    try {
      return yield* importSource(source, shardDir, options, { pool, signal: withFailure(source, stop) });
    } finally {
      await source.close();
    }
  } finally {
    await pool.close();
  }
}

async function* importSource(
  source: Source,
  shardDir: string,
  options: ParsedImportOptions,
  { pool, signal }: Pick<Work, "pool" | "signal">,
): AsyncGenerator<ImportProgress, ImportSummary> {
  const { files } = source;
  const labels = await readLabels(files, options.labels);
  await settleShardPlace(shardDir);
  const { key, isNew } = await openKey(options);
  const pseudonyms = pseudonymsOf(key);
  const deciding = JSON.stringify([labels.version, decidingOf(options)]);
  const sourceName = pseudonyms.of("source", listingDigest(files), deciding);
  const before = await readShardIndex(shardDir).catch(() => undefined);
  if (before?.source === sourceName && (await hasAllFiles(shardDir))) {
    return { ...(await summarise(shardDir, before)), files: files.length, resumed: 0, unchanged: true };
  }
  const found = yield* examineAndGroup(source, labels, { options, pool, pseudonyms, signal });
  checkClasses(found, options);
  // Only now is anything written.
  if (isNew) await keepPseudonymKey(options.keyFile, key);
  const writer = await openShardWriter(shardDir);
  return yield* fillShard(writer, { files, ...found, options, pool, pseudonyms, signal, sourceName, shardDir });
}

function workersOf({ workers }: ParsedImportOptions): { readonly workers?: number } {
  return workers === undefined ? {} : { workers };
}

/** Aborts also when the source fails as a whole: no patient is to blame for it. */
function withFailure({ failed }: Source, stop: AbortSignal | undefined): AbortSignal | undefined {
  return failed && stop ? AbortSignal.any([failed, stop]) : (failed ?? stop);
}

/**
 * What an import would do, from headers alone: nothing is decoded, and nothing written.
 *
 * @throws IMPORT_OPTIONS, SPLIT_SHARES, ARCHIVE_UNREADABLE, ARCHIVE_EMPTY, ARCHIVE_NO_CT, ZIP_MALFORMED, ZIP_PASSWORD,
 * LABELS_MISSING, LABELS_MALFORMED, LABELS_CONTRADICT, LABELS_UNREADABLE, LABELS_SEVERAL, KEY_MALFORMED, KEY_UNREADABLE,
 * PACS_NO_STUDIES, the failures of an image server; and what `signal` throws
 */
export async function* planImport(
  place: string | ImageServer,
  rawOptions: ImportOptions,
  { signal: stop }: Waiting = {},
): AsyncGenerator<
  ImportProgress,
  {
    /** Each patient's outcome is PLANNED or the reason of a refusal; no split is decided. */
    readonly report: ImportReport;
    /** Whether the key file exists: without one, an import makes a key, and its pseudonyms are others. */
    readonly isKeyKnown: boolean;
  }
> {
  const options = parseImportOptions(rawOptions);
  const source = yield* openSource(place, options, stop);
  const signal = withFailure(source, stop);
  const pool = openDecodePool({ ...workersOf(options), isRemote: typeof place !== "string" });
  try {
    const { files } = source;
    const labels = await readLabels(files, options.labels);
    const { key, isNew } = await openKey(options);
    const pseudonyms = pseudonymsOf(key);
    const found = yield* examineAndGroup(source, labels, { options, pool, pseudonyms, signal });
    return { report: planPatients({ ...found, files: files.length, pseudonyms, ...options }), isKeyKnown: !isNew };
  } finally {
    await pool.close();
    await source.close();
  }
}

async function openKey({ keyFile }: ParsedImportOptions): Promise<{ key: Uint8Array; isNew: boolean }> {
  const known = await readPseudonymKey(keyFile);
  return { key: known ?? makePseudonymKey(), isNew: known === undefined };
}

function listingDigest(files: FileList): string {
  const hash = createHash("sha256");
  for (const { parts, bytes, version } of files) hash.update(`${JSON.stringify([parts, bytes, version])}\n`);
  return hash.digest("hex");
}

/** Options but for those that change nothing about the shard. */
function decidingOf({ keyFile, workers, password, labels, maxStudies, ...deciding }: ParsedImportOptions): unknown {
  return deciding;
}

/** What the headers of an archive say. */
interface Found {
  readonly examined: ExaminedFiles;
  readonly grouping: Grouping;
  readonly refusedFiles: RefusedFiles;
  readonly quarantined: readonly QuarantineEntry[];
}

interface Work {
  readonly options: ParsedImportOptions;
  readonly pool: DecodePool;
  readonly pseudonyms: Pseudonyms;
  readonly signal: AbortSignal | undefined;
}

async function* examineAndGroup(
  { files, examine }: Source,
  { rows }: ArchiveLabels,
  { options, pool, pseudonyms, signal }: Work,
): AsyncGenerator<ImportProgress, Found> {
  const examined = openExaminedFiles();
  const refusedFiles = openRefusedFiles();
  const refuse = (error: unknown, file: number) =>
    refusedFiles.add(error, { file: fileName(files.at(file), pseudonyms), number: file + 1 });
  let done = 0;
  for await (const one of examine(pool, signal)) {
    if (one.kind === "dicom") examined.addDicom(one.file, one.instance);
    if (one.kind === "picture") examined.addPicture(one.file);
    if (one.kind === "refused") refuse(one.error, one.file);
    yield { stage: "files", done: ++done, total: files.length };
  }
  if (examined.length === 0) {
    const facts = { files: files.length, refused: refusedFiles.count, reasons: reasonsOf(refusedFiles.codes()) };
    const remedy = "give a folder or zip that holds DICOM files of CT, or slices as jpg or png";
    throw new NothingImported("ARCHIVE_NO_CT", facts, { remedy, refusedFiles: refusedFiles.first(), entries: [] });
  }
  const { label: fallback, labelsOverFolders: rowsOverFolders, patientsBy } = options;
  const grouping = groupPatients(files, examined, { rows, pseudonyms, fallback, rowsOverFolders, patientsBy });
  for (const file of grouping.picturesBeside) refuse(new FedError("PICTURE_BESIDE_DICOM"), file);
  return { examined, grouping, refusedFiles, quarantined: [...refusedFiles.entries(), ...grouping.quarantined] };
}

function checkClasses({ grouping, refusedFiles }: Found, { oneClass }: ParsedImportOptions): void {
  const { patients, refused } = grouping;
  const positive = patients.filter(({ label }) => label === 1).length;
  const entries = grouping.quarantined;
  const reasons = reasonsOf([...refused.map(({ code }) => code), ...refusedFiles.codes()]);
  const facts = { refused: refused.length, ...(reasons !== "" && { reasons }) };
  if (patients.length === 0) {
    const remedy = refused[0]?.remedy ?? "none of the files is a scan of a patient: consilium view shows what is there";
    throw new NothingImported("NO_SCANS", facts, { remedy, refusedFiles: refusedFiles.first(), entries });
  }
  if (oneClass || (positive > 0 && positive < patients.length)) return;
  const remedy = "add patients of the other class, or say --one-class where the hospital has none";
  const counts = { positive, negative: patients.length - positive };
  throw new NothingImported(
    "LABELS_ONE_CLASS",
    { ...counts, ...(reasons !== "" ? facts : {}) },
    { remedy, refusedFiles: refusedFiles.first(), entries },
  );
}
