// An archive of chest CT becomes a shard: listed, examined, grouped by patient, normalised one patient after the other on
// all cores, and moved into its place whole. What cannot be used is listed; what could identify a patient is left behind.
import { createHash } from "node:crypto";
import { FedError } from "../../foundation/errors.ts";
import { type DecodePool, openDecodePool } from "../dicom/decode-pool.ts";
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
import { examine } from "../source/examine.ts";
import { type ExaminedFiles, openExaminedFiles } from "../source/examined-files.ts";
import type { FileList } from "../source/file-list.ts";
import { groupPatients, type PatientFiles } from "../source/group-patients.ts";
import { openArchive } from "../source/listing.ts";
import { readLabels } from "../source/read-labels.ts";
import { fillShard, type ImportProgress } from "./fill-shard.ts";
import { type ImportOptions, type ParsedImportOptions, parseImportOptions } from "./import-options.ts";
import { type ImportSummary, summarise } from "./import-summary.ts";
import { fileName } from "./normalise-patient.ts";
import { openRefusedFiles } from "./refused-files.ts";

/**
 * Imports a folder or a zip into shardDir. Options are checked, and files examined, before anything is written; an import
 * that is interrupted goes on when it is started again.
 *
 * @throws {FedError} IMPORT_OPTIONS, ARCHIVE_UNREADABLE, ARCHIVE_EMPTY, ARCHIVE_NO_CT, ZIP_MALFORMED, ZIP_PASSWORD, LABELS_MISSING, LABELS_ONE_CLASS,
 * LABELS_MALFORMED, LABELS_CONTRADICT, LABELS_UNREADABLE, KEY_MALFORMED, SHARD_PLACE_TAKEN, NO_SCANS; and what `signal` throws
 */
export async function* importArchive(
  source: string,
  shardDir: string,
  rawOptions: ImportOptions,
  { signal }: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<ImportProgress, ImportSummary> {
  const options = parseImportOptions(rawOptions);
  const archive = await openArchive(source, options);
  try {
    return yield* importFiles(archive.files, shardDir, options, signal);
  } finally {
    await archive.close();
  }
}

async function* importFiles(
  files: FileList,
  shardDir: string,
  options: ParsedImportOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<ImportProgress, ImportSummary> {
  const { labels, text } = await readLabels(files, options.labels);
  await settleShardPlace(shardDir);
  const known = await readPseudonymKey(options.keyFile);
  const key = known ?? makePseudonymKey();
  const pseudonyms = pseudonymsOf(key);
  const sourceName = pseudonyms.of("source", listingDigest(files), JSON.stringify([text, decidingOf(options)]));
  const before = await readShardIndex(shardDir).catch(() => undefined);
  if (before?.source === sourceName) {
    return { ...(await summarise(shardDir, before)), files: files.length, resumed: 0, unchanged: true };
  }
  const pool = openDecodePool(options.workers === undefined ? {} : { workers: options.workers });
  try {
    const { examined, refused } = yield* examineAll(files, { pool, pseudonyms, signal });
    const grouped = groupPatients(files, examined, { labels, pseudonyms, fallback: options.label });
    const quarantined = [...refused, ...grouped.quarantined];
    checkClasses(grouped.patients, options);
    // Only now is anything written.
    if (!known) await keepPseudonymKey(options.keyFile, key);
    const writer = await openShardWriter(shardDir);
    const about = { files, examined, quarantined, options, pool, pseudonyms, signal, sourceName, shardDir };
    return yield* fillShard(writer, { ...about, patients: grouped.patients });
  } finally {
    await pool.close();
  }
}

function listingDigest(files: FileList): string {
  const hash = createHash("sha256");
  for (const { parts, bytes, version } of files) hash.update(`${JSON.stringify([parts, bytes, version])}\n`);
  return hash.digest("hex");
}

/** Options but for those that change nothing about the shard. */
function decidingOf({ keyFile, workers, password, labels, ...deciding }: ParsedImportOptions): unknown {
  return deciding;
}

async function* examineAll(
  files: FileList,
  work: { pool: DecodePool; pseudonyms: Pseudonyms; signal: AbortSignal | undefined },
): AsyncGenerator<ImportProgress, { readonly examined: ExaminedFiles; readonly refused: QuarantineEntry[] }> {
  const examined = openExaminedFiles();
  const refusedFiles = openRefusedFiles();
  let done = 0;
  for await (const one of examine(files, work.pool, work.signal)) {
    if (one.kind === "dicom") examined.addDicom(one.file, one.instance);
    if (one.kind === "picture") examined.addPicture(one.file);
    if (one.kind === "refused") refusedFiles.add(one.error, fileName(files.at(one.file), work.pseudonyms));
    yield { stage: "files", done: ++done, total: files.length };
  }
  const refused = refusedFiles.entries();
  if (examined.length === 0) {
    const codes = [...new Set(refused.map(({ code }) => code))].join(" ");
    const remedy = "give a folder or zip that holds DICOM files of CT, or slices as jpg or png";
    throw new FedError("ARCHIVE_NO_CT", { files: files.length, codes }, { remedy });
  }
  return { examined, refused };
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
