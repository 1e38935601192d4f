// `consilium import`: an archive of chest CT, or the studies of a PACS, become a shard that a hospital trains on.
import { resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { FedError, isFedError } from "../foundation/errors.ts";
import type { ImportProgress } from "../imaging/import/fill-shard.ts";
import { findOriginal } from "../imaging/import/find-original.ts";
import { importArchive, planImport } from "../imaging/import/import-archive.ts";
import type { ImportOptions } from "../imaging/import/import-options.ts";
import { explainPatient } from "../imaging/import/import-report.ts";
import { NothingImported } from "../imaging/import/nothing-imported.ts";
import type { ImageServer } from "../imaging/source/image-server.ts";
import { windowNames } from "../imaging/volume/intensity.ts";
import { explanation } from "./import/explain.ts";
import { lookAtScan, lookReport } from "./import/look.ts";
import { planTable } from "./import/plan-table.ts";
import { refusedList } from "./import/refused-list.ts";
import { importReport } from "./import/report.ts";
import { importRepeatedly } from "./import/watch.ts";
import { addPacsOptions, openPacs, pacsFields } from "./pacs/options.ts";
import { parseOptions, whole } from "./terminal/parse-options.ts";
import { progressBar } from "./terminal/progress.ts";
import { addZipPassword, withZipPassword } from "./terminal/zip-password.ts";

const number = z.coerce.number();
const optionsSchema = z.object({
  out: z.string(),
  key: z.string().optional(),
  labels: z.string().optional(),
  label: z.enum(["positive", "negative"]).optional(),
  labelsOverFolders: z.boolean().default(false),
  patientsBy: z.enum(["id", "folder"]).optional(),
  oneClass: z.boolean().default(false),
  passwordFile: z.string().optional(),
  password: z.string().optional(),
  size: number,
  windows: z
    .string()
    .transform((text) => text.split(",").map((name) => name.trim()))
    .pipe(z.array(z.enum(windowNames))),
  fieldMm: number,
  sliceMm: number,
  maxSlices: number,
  minSlices: number,
  split: z
    .string()
    .transform((text) => text.split(",").map(Number))
    .pipe(z.tuple([number, number, number])),
  seed: number,
  workers: number.optional(),
  pictures: number,
  maxStudies: whole(1, 10_000_000).optional(),
  ...pacsFields,
  dryRun: z.boolean().default(false),
  find: z
    .string()
    .regex(/^([0-9a-f]{16}|\d{1,9})$/, "16 hex digits, or the number of a file")
    .optional(),
  watch: z.coerce.number().positive().max(100_000).optional(),
  explain: z
    .string()
    .regex(/^[0-9a-f]{1,16}$/, "1 to 16 hex digits")
    .optional(),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

/** Adds the command to the program. */
export function importCommand(program: Command): void {
  const command = program
    .command("import")
    .description(
      "Import chest CT into a shard: DICOM in any encoding, or jpg and png; a folder of any nesting, a zip, or a PACS.",
    )
    .argument("<source>", "folder, zip, or PACS: dicomweb+https://HOST/PATH, dimses://CALLING:CALLED@HOST:PORT")
    .option("--out <dir>", "folder of the shard", "shard")
    .option("--key <file>", "key of the pseudonyms, made if missing; keep it at the hospital (default: <out>.key)")
    .option(
      "--labels <csv>",
      "columns patient or file, and label; default: labels.csv in the archive, then the folders",
    )
    .option("--label <class>", "positive or negative, for all patients whose label nothing else gives")
    .option("--labels-over-folders", "take the CSV's label where the folder of a class contradicts it")
    .option("--patients-by <what>", "id or folder: what counts where PatientIDs and folders disagree about who is who")
    .option("--one-class", "take an archive in which all patients are of one class");
  addPacsOptions(addZipPassword(command))
    .option("--max-studies <n>", "PACS: look at no more studies")
    .option("--size <pixels>", "height and width of a slice in the shard", "64")
    .option("--windows <names>", `one channel each, of ${windowNames.join(", ")}`, "lung")
    .option("--field-mm <mm>", "side of the square field around the lungs", "320")
    .option("--slice-mm <mm>", "thickness of a slice in the shard", "10")
    .option("--max-slices <n>", "slices of a scan in the shard; a longer scan gets thicker ones", "24")
    .option("--min-slices <n>", "series with fewer slices are left out", "1")
    .option("--split <shares>", "shares of patients in train, validation and test", "0.7,0.15,0.15")
    .option("--seed <n>", "decides who is in which split", "1")
    .option("--workers <n>", "threads that decode (default: one a core)")
    .option("--pictures <n>", "scans of which the three planes are drawn into <out>/planes", "4")
    .option("--dry-run", "read headers only, and print patients, labels and series before anything is decoded")
    .option("--find <hash>", "print which file, patient or series of the source a hash (or a file's number) stands for")
    .option("--explain <hash>", "print why the patient of a pseudonym in <out> is not imported, or is labelled so")
    .option("--watch <minutes>", "import again whenever so many minutes have passed: new studies join the shard")
    .option("--json", "print the outcome as JSON")
    .addHelpText("after", help)
    .action(async (source: string, raw: unknown) => run(source, parseOptions(optionsSchema, raw, "import")));
}

const help = `
Labels come from a CSV, or from folders named positive and negative (or covid and noncovid, CT_COVID and CT_NonCOVID, 1
and 0) with a folder for each patient in them. What cannot be used is listed with a reason and a remedy; the rest is
imported. An interrupted import continues when it is started again, and one that would change nothing takes a second.

From a PACS nothing but the shard is written to disk. Rows of --labels name PatientIDs, StudyInstanceUIDs or AccessionNumbers.
HTTPS_PROXY and NO_PROXY are followed. See consilium pacs check for what to ask the PACS administrator for.

Examples:
  consilium import ./archive --out ./shard
  consilium import ./archive --labels labels.csv --dry-run
  consilium import ./export.zip --password-file ./password --labels labels.csv --out /srv/consilium/shard
  consilium import ./scans --size 128 --windows lung,mediastinum --max-slices 48
  consilium import dicomweb+https://pacs.example/dicom-web --query 'ModalitiesInStudy=CT&StudyDate=20200101-20201231' --labels labels.csv --token-file ./token
  consilium import dicomweb+https://pacs.example/dicom-web --labels labels.csv --token-file ./token --watch 60
  consilium import dimses://CONSILIUM:MAINPACS@pacs.example:2762 --query 'ModalitiesInStudy=CT&StudyDate=20200101-20201231' --labels labels.csv --ca ca.pem
  consilium import dimse://CONSILIUM:MAINPACS@127.0.0.1:11112 --receive-at 127.0.0.1:11113 --labels labels.csv
  consilium import ./archive --explain 3f0c2a9d
  consilium import ./archive --find 3f0c2a9d18b7e655`;

async function run(source: string, options: Options): Promise<void> {
  const server = options.explain === undefined ? await openPacs(source, options) : undefined;
  try {
    const place = server ?? resolve(source);
    if (options.watch === undefined || options.dryRun || options.find !== undefined) await importFrom(place, options);
    else await watch(options.watch, () => importFrom(place, options));
  } finally {
    await server?.close();
  }
}

/** Until a signal; one that comes during an import ends this import, which the next start continues. */
async function watch(minutes: number, importOnce: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new FedError("INTERRUPTED"));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const onFailure = (error: unknown) => console.error(`${String(error)}: tried again in ${minutes} minutes`);
  await importRepeatedly(importOnce, { everyMs: minutes * 60_000, signal: stop.signal, onFailure });
}

async function importFrom(source: string | ImageServer, options: Options): Promise<void> {
  if (options.explain !== undefined) {
    const found = await explainPatient(resolve(options.out), options.explain);
    print(options, found, () => found.map(explanation).join("\n\n"));
    return;
  }
  await withZipPassword(options, async (password) => {
    if (options.find !== undefined) {
      const asked = { ...asOptions(options, password), patientsBy: options.patientsBy };
      const found = await findOriginal(source, options.find, asked);
      print(options, found, () => found.join("\n"));
      return;
    }
    try {
      if (options.dryRun) {
        const { report, isKeyKnown } = await withProgress((signal) =>
          planImport(source, asOptions(options, password), { signal }),
        );
        print(options, { ...report, isKeyKnown }, () => planTable(report, isKeyKnown));
        return;
      }
      const summary = await withProgress((signal) =>
        importArchive(source, resolve(options.out), asOptions(options, password), { signal }),
      );
      print(options, summary, () => importReport(summary));
    } catch (error) {
      if (error instanceof NothingImported && !options.json) console.error(refusedList(error));
      const isOne = isFedError(error, "LABELS_MISSING") && error.facts["patients"] === 1;
      if (!isOne || options.dryRun || typeof source !== "string") throw error;
      const look = await lookAtScan(source, `${resolve(options.out)}-planes.png`, password);
      print(options, { look, warning: "LABELS_MISSING" }, () => lookReport(look));
    }
  });
}

function print({ json }: Options, value: unknown, text: () => string): void {
  console.log(json ? JSON.stringify(value) : text());
}

function asOptions(options: Options, password: string | undefined): ImportOptions {
  const { labels, label, labelsOverFolders, patientsBy, seed, minSlices, pictures, workers, maxStudies } = options;
  const { size, windows, fieldMm, sliceMm, maxSlices } = options;
  const [train, validation, test] = options.split;
  return {
    keyFile: resolve(options.key ?? `${options.out}.key`),
    labels: labels && resolve(labels),
    label: label && (label === "positive" ? 1 : 0),
    ...{ labelsOverFolders, patientsBy, password, seed, minSlices, pictures, workers, maxStudies },
    oneClass: options.oneClass || label !== undefined,
    shares: { train, validation, test },
    shape: { height: size, width: size, windows, fieldMm, sliceMm, maxSlices },
  };
}

/** Runs an import with a bar; a signal stops it so that the same command continues it. */
async function withProgress<T>(start: (signal: AbortSignal) => AsyncGenerator<ImportProgress, T>): Promise<T> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new FedError("INTERRUPTED"));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const bar = progressBar("importing");
  try {
    const work = start(stop.signal);
    for (;;) {
      const step = await work.next();
      if (step.done) return step.value;
      bar.update(step.value.done, step.value.total, step.value.stage);
    }
  } finally {
    bar.stop();
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}
