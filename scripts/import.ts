// `consilium import`: an archive of chest CT becomes a shard that a hospital learns from.
import { resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { FedError, isFedError } from "../foundation/errors.ts";
import { findOriginal } from "../imaging/import/find-original.ts";
import { importArchive } from "../imaging/import/import-archive.ts";
import type { ImportOptions } from "../imaging/import/import-options.ts";
import type { ImportSummary } from "../imaging/import/import-summary.ts";
import { windowNames } from "../imaging/volume/intensity.ts";
import { lookAtScan, lookReport } from "./import/look.ts";
import { importReport } from "./import/report.ts";
import { parseOptions } from "./terminal/parse-options.ts";
import { progressBar } from "./terminal/progress.ts";

const number = z.coerce.number();
const optionsSchema = z.object({
  out: z.string(),
  key: z.string().optional(),
  labels: z.string().optional(),
  label: z.enum(["positive", "negative"]).optional(),
  oneClass: z.boolean().default(false),
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
  find: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

/** Adds the command to the program. */
export function importCommand(program: Command): void {
  program
    .command("import")
    .description(
      "Import chest CT into a shard: DICOM in any encoding, or jpg and png; a folder of any nesting, or a zip.",
    )
    .argument("<source>", "folder or zip")
    .option("--out <dir>", "folder of the shard", "shard")
    .option("--key <file>", "key of the pseudonyms, made if missing; keep it at the hospital (default: <out>.key)")
    .option("--labels <csv>", "patient,label[,file]; without it labels.csv in the archive, then the names of folders")
    .option("--label <class>", "positive or negative: of all patients that nothing else tells the label of")
    .option("--one-class", "take an archive in which all patients are of one class")
    .option("--password <text>", "password of encrypted zips")
    .option("--size <pixels>", "height and width of a slice in the shard", "64")
    .option("--windows <names>", `one channel each, of ${windowNames.join(", ")}`, "lung")
    .option("--field-mm <mm>", "side of the square field around the lungs", "320")
    .option("--slice-mm <mm>", "thickness of a slice in the shard", "10")
    .option("--max-slices <n>", "slices of a scan in the shard; a longer scan gets thicker ones", "24")
    .option("--min-slices <n>", "series with fewer slices are left out", "1")
    .option("--split <shares>", "patients to learn from, to choose by, and held out for the test", "0.7,0.15,0.15")
    .option("--seed <n>", "decides who is in which split", "1")
    .option("--workers <n>", "threads that decode (default: one a core)")
    .option("--pictures <n>", "scans of which the three planes are drawn into <out>/planes", "4")
    .option("--find <hash>", "print which file, patient or series of the source a hash in the report stands for")
    .option("--json", "print the outcome as JSON")
    .addHelpText("after", help)
    .action(async (source: string, raw: unknown) => {
      const options = parseOptions(optionsSchema, raw, "import");
      if (options.find !== undefined) {
        const found = await findOriginal(resolve(source), options.find, { ...options, keyFile: keyFile(options) });
        console.log(options.json ? JSON.stringify(found) : found.join("\n"));
        return;
      }
      try {
        const summary = await run(resolve(source), options);
        console.log(options.json ? JSON.stringify(summary) : importReport(summary));
      } catch (error) {
        if (!isFedError(error, "LABELS_MISSING") || error.facts["patients"] !== 1) throw error;
        const look = await lookAtScan(resolve(source), `${resolve(options.out)}-planes.png`, options.password);
        console.log(options.json ? JSON.stringify({ look, warning: "LABELS_MISSING" }) : lookReport(look));
      }
    });
}

const help = `
Labels come from a CSV, or from folders named positive and negative (or covid and noncovid, CT_COVID and CT_NonCOVID, 1
and 0) with a folder a patient in them. What cannot be used is listed with a reason and what to do; the rest goes on. An
import that was interrupted goes on when it is started again, and one that would change nothing takes a second.

Examples:
  consilium import ./archive --out ./shard
  consilium import ./export.zip --password thankyou --labels labels.csv --out /srv/consilium/shard
  consilium import ./scans --size 128 --windows lung,mediastinum --max-slices 48
  consilium import ./archive --find 3f0c2a9d18b7e655`;

function keyFile({ key, out }: Options): string {
  return resolve(key ?? `${out}.key`);
}

async function run(source: string, options: Options): Promise<ImportSummary> {
  const { labels, label, password, seed, minSlices, pictures, workers, size, windows, fieldMm, sliceMm, maxSlices } =
    options;
  const [train, validation, test] = options.split;
  const asked: ImportOptions = {
    ...{ keyFile: keyFile(options), seed, minSlices, pictures },
    ...(labels !== undefined && { labels: resolve(labels) }),
    ...(label !== undefined && { label: label === "positive" ? 1 : 0 }),
    ...(password !== undefined && { password }),
    ...(workers !== undefined && { workers }),
    oneClass: options.oneClass || label !== undefined,
    shares: { train, validation, test },
    shape: { height: size, width: size, windows, fieldMm, sliceMm, maxSlices },
  };
  const stop = new AbortController();
  const onSignal = () =>
    stop.abort(new FedError("INTERRUPTED", {}, { remedy: "run the same command again: it goes on" }));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const bar = progressBar("importing");
  try {
    const work = importArchive(source, resolve(options.out), asked, { signal: stop.signal });
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
