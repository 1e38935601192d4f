// The second half of an import: normalises the patients, journals their outcomes, and at the end writes the split, the
// commitments, the report and the data card, and moves them into place in one step.
import { openByteBudget } from "../../foundation/byte-budget.ts";
import { isFedError } from "../../foundation/errors.ts";
import { inOrder } from "../../foundation/in-order.ts";
import type { DecodePool } from "../dicom/decode-pool.ts";
import type { Stack } from "../series/read-stack.ts";
import { makeDataCard } from "../shard/data-card.ts";
import { dataCardPage } from "../shard/data-card-page.ts";
import { openPreviousShard } from "../shard/previous-shard.ts";
import type { Pseudonyms } from "../shard/pseudonyms.ts";
import { type QuarantineEntry, sealQuarantine } from "../shard/quarantine.ts";
import { inputsOf, recordsOf } from "../shard/scan-records.ts";
import { type ShardIndex, shardFiles, shardRoot } from "../shard/shard-format.ts";
import type { ShardWriter } from "../shard/shard-writer.ts";
import type { ExaminedFiles } from "../source/examined-files.ts";
import type { FileList } from "../source/file-list.ts";
import type { Grouping, PatientFiles } from "../source/group-patients.ts";
import { planesPng } from "../view/planes.ts";
import type { ParsedImportOptions } from "./import-options.ts";
import { countLabels, reportImport } from "./import-report.ts";
import { type ImportSummary, summarise } from "./import-summary.ts";
import { normalisePatient, type PatientResult } from "./normalise-patient.ts";
import { openNormalisePool } from "./normalise-pool.ts";
import { NothingImported, reasonsOf } from "./nothing-imported.ts";
import type { Outcome } from "./outcomes.ts";
import { volumeOf } from "./read-one-scan.ts";
import type { RefusedFiles } from "./refused-files.ts";

/** How far an import is: one stage after the other. */
export interface ImportProgress {
  /** studies: asked of an image server, only there. files: headers read. patients: normalised into the shard. */
  readonly stage: "studies" | "files" | "patients";
  /** Studies, files or patients of this stage so far, refused ones included. */
  readonly done: number;
  /** All of this stage. */
  readonly total: number;
}

export interface Filling {
  readonly grouping: Grouping;
  readonly refusedFiles: RefusedFiles;
  readonly files: FileList;
  readonly examined: ExaminedFiles;
  readonly quarantined: readonly QuarantineEntry[];
  readonly options: ParsedImportOptions;
  readonly pool: DecodePool;
  readonly pseudonyms: Pseudonyms;
  readonly signal: AbortSignal | undefined;
  readonly sourceName: string;
  readonly shardDir: string;
}

/**
 * Patients in work: while some are normalised, others are decoded, and an image server sends still others. It bounds the
 * memory.
 */
const mostPatientsAhead = 5;
/** Of patients that an image server sends: a few with thousands of slices would need gigabytes. */
const mostStackBytes = 2 ** 28;
/** Of a slice as it is stacked: 256 x 256 pixels. */
const planeBytes = 2 ** 17;

/** A server sends a scan in more time than one thread takes to normalise it, unless it has several cores for that. */
function normalisersFor({ size }: DecodePool, isRemote: boolean): number {
  return Math.min(isRemote ? Math.ceil(size / 2) : size, mostPatientsAhead);
}

function stackBytes({ dicom }: PatientFiles, { headerOf }: ExaminedFiles): number {
  return planeBytes * dicom.reduce((frames, file) => frames + headerOf(file).instance.frames.length, 0);
}

/**
 * Normalises all patients into the writer's shard and finishes it.
 *
 * @throws NO_SCANS, after which nothing is left of the shard, STORE_FULL, FILE_UNWRITABLE; after others the next import continues
 */
export async function* fillShard(writer: ShardWriter, filling: Filling): AsyncGenerator<ImportProgress, ImportSummary> {
  const { grouping, refusedFiles, files, quarantined, options, pool, pseudonyms, shardDir } = filling;
  const { patients } = grouping;
  const isRemote = files.inAnyOrder === true;
  const previous = await openPreviousShard(shardDir);
  const normaliser = openNormalisePool(normalisersFor(pool, isRemote), isRemote);
  const room = openByteBudget(mostStackBytes);
  const outcomes: Outcome[] = [];
  let resumed = 0;
  let isDone = false;
  try {
    const drawn = new Set(patients.slice(0, options.pictures).map(({ patient }) => patient));
    const onStack = async (patient: string, stack: Stack) => {
      if (drawn.has(patient)) await writer.writeFile(`planes/${patient}.png`, planesPng(volumeOf(stack)));
    };
    const results = inOrder(
      patients,
      isRemote ? mostPatientsAhead : Math.min(mostPatientsAhead, pool.size + 1),
      async (patient) => {
        const inputs = inputsOf(patient, files, options, pseudonyms);
        const kept = writer.kept.get(inputs);
        const earlier = kept ? undefined : await previous.find(inputs);
        const work = { ...filling, ...options, normaliser, onStack };
        const normalise = () => normalisePatient(patient, work);
        const make = () => (isRemote ? room.hold(stackBytes(patient, filling.examined), normalise) : normalise());
        const made = kept ? undefined : (earlier ?? (await make()));
        return { patient: patient.patient, inputs, kept, made, isOld: kept !== undefined || earlier !== undefined };
      },
    );
    for await (const { patient, inputs, kept, made, isOld } of results) {
      if (isOld) resumed++;
      outcomes.push(kept ?? (await writer.add({ patient, inputs, ...(made as PatientResult) })));
      yield { stage: "patients", done: outcomes.length, total: patients.length };
    }
    const rule = { seed: options.seed, ...options.shares };
    const { records, repeated } = recordsOf(outcomes, patients, options, { pseudonyms, kept: previous.splitsBy(rule) });
    const sealed = sealQuarantine(
      [...quarantined, ...outcomes.flatMap((one) => one.quarantined), ...repeated],
      pseudonyms,
    );
    if (records.length === 0) throw noScans(sealed.quarantine.entries, patients.length, refusedFiles);
    const { height, width, windows } = options.shape;
    const index: ShardIndex = {
      ...{ version: 1, height, width, windows, rule, source: filling.sourceName },
      ...{ root: shardRoot(records), quarantine: sealed.digest, scans: records },
    };
    await writer.writeFile(shardFiles.quarantine, `${JSON.stringify(sealed.quarantine, undefined, 1)}\n`);
    const counts = { files: files.length, refusedFiles: refusedFiles.count };
    const report = reportImport({ grouping, ...counts, outcomes, repeated, records, rule });
    await writer.writeFile(shardFiles.report, `${JSON.stringify(report, undefined, 1)}\n`);
    const card = makeDataCard(index, sealed.quarantine.entries, countLabels(report));
    await writer.writeFile(shardFiles.card, `${JSON.stringify(card, undefined, 1)}\n`);
    await writer.writeFile(shardFiles.page, dataCardPage(card));
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
    await normaliser.close();
    await previous.close();
    if (!isDone) await writer.close();
  }
}

function noScans(entries: readonly QuarantineEntry[], labelled: number, refusedFiles: RefusedFiles): NothingImported {
  const reasons = reasonsOf(entries.flatMap(({ what, code }) => (what === "scan" ? [code] : [])));
  const remedy = "none of the patients has a usable scan: look at one with consilium view";
  return new NothingImported(
    "NO_SCANS",
    { labelled, reasons },
    { remedy, refusedFiles: refusedFiles.first(), entries },
  );
}
