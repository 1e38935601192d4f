// `consilium import`: an archive of chest CT, or the studies of a PACS, become a shard that a hospital trains on.
import type { Command } from "commander";
import { windowNames } from "../imaging/volume/intensity.ts";
import { importOptionsSchema } from "./import/options.ts";
import { addPacsOptions } from "./pacs/options.ts";
import { parseOptions } from "./terminal/parse-options.ts";
import { addZipPassword } from "./terminal/zip-password.ts";

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
    .action(async (source: string, raw: unknown) => {
      const options = parseOptions(importOptionsSchema, raw, "import");
      const { runImport } = await import("./import/run-import.ts"); // here, since --help needs nothing of it
      await runImport(source, options);
    });
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
