// `consilium synthesise`: writes a synthetic archive of chest CT, to try everything without patient data.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import pc from "picocolors";
import { z } from "zod";
import { FedError } from "../foundation/errors.ts";
import { type ArchiveSummary, writeSyntheticArchive } from "../imaging/phantom/write-archive.ts";
import { parseOptions } from "./terminal/parse-options.ts";
import { progressBar } from "./terminal/progress.ts";

const optionsSchema = z.object({
  patients: z.coerce.number(),
  positive: z.coerce.number(),
  seed: z.coerce.number().int(),
  matrix: z.coerce.number(),
  slices: z.string().regex(/^\d+(-\d+)?$/, "one number, or two as in 18-24"),
  signal: z.coerce.number().min(0).max(1),
  json: z.boolean().default(false),
});

/** Adds the command to the program. */
export function synthesiseCommand(program: Command): void {
  program
    .command("synthesise")
    .description(
      "Write a synthetic archive of chest CT as real DICOM files: <dir>/<positive|negative>/<patient>/<series>/.",
    )
    .argument("<dir>", "new folder for the archive")
    .option("--patients <n>", "number of patients, one scan each", "80")
    .option("--positive <share>", "share of patients with COVID-19, 0 to 1", "0.5")
    .option("--seed <n>", "the same seed gives the same bytes", "7")
    .option("--matrix <n>", "rows and columns of a slice, 32 to 1024", "128")
    .option("--slices <n|low-high>", "slices of a scan", "18-24")
    .option("--signal <share>", "how strongly disease shows: 1 as in life, 0 not at all (labels mean nothing)", "1")
    .option("--json", "print the summary as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  consilium synthesise ./archive\n  consilium synthesise ./large --patients 20 --matrix 512 --slices 60-90\n  consilium synthesise ./control --signal 0 --seed 3",
    )
    .action(async (dir: string, raw: unknown) => {
      const options = parseOptions(optionsSchema, raw, "synthesise");
      const summary = await synthesise(resolve(dir), options);
      if (options.json) console.log(JSON.stringify(summary));
      else {
        const positive = summary.patients.filter(({ label }) => label === "positive").length;
        const mib = (summary.bytes / 2 ** 20).toFixed(1);
        console.log(
          `${summary.patients.length} patients (${positive} positive), ${summary.files} files, ${mib} MiB in ${pc.bold(dir)}`,
        );
        console.log(`labels in ${summary.labelsFile}`);
      }
    });
}

async function synthesise(dir: string, options: z.output<typeof optionsSchema>): Promise<ArchiveSummary> {
  if (existsSync(dir))
    throw new FedError("ARCHIVE_EXISTS", { dir }, { remedy: "give a new folder, or remove this one" });
  const { patients, positive, seed, matrix, slices, signal } = options;
  const [low = 18, high = low] = slices.split("-").map(Number);
  const bar = progressBar("synthesising");
  try {
    const work = writeSyntheticArchive(dir, {
      patients,
      positiveFraction: positive,
      seed,
      matrix,
      slices: [low, high],
      signal,
    });
    for (;;) {
      const step = await work.next();
      if (step.done) return step.value;
      bar.update(step.value.done, step.value.total);
    }
  } finally {
    bar.stop();
  }
}
