// Writes a synthetic archive of chest CT as a hospital would hold it: real DICOM files in class and patient folders, with
// scouts and duplicates among them, so that everything after it works as it will on patients.
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import { uidFor } from "./ct-instance.ts";
import { type EncodingName, loadEncoders } from "./encodings.ts";
import { type NuisanceName, patientFiles } from "./patient-files.ts";
import { openRandom, type Random } from "./random.ts";
import { synthesiseScan } from "./synthesise-scan.ts";

/** What a synthetic archive holds. */
export interface ArchiveOptions {
  /** 1 to 100,000. */
  readonly patients: number;
  /** Share of patients with COVID-19, 0 to 1; the count is rounded. Default 0.5. */
  readonly positiveFraction?: number;
  /** Decides every patient, voxel and name: another seed gives other patients. */
  readonly seed: number;
  /** Rows and columns of a slice, 32 to 1024; default 128. */
  readonly matrix?: number;
  /** Fewest and most slices of a scan; default 18 to 24. */
  readonly slices?: readonly [low: number, high: number];
  /** Transfer syntaxes, given to the patients in turn; default explicit little endian only. */
  readonly encodings?: readonly EncodingName[];
  /** What is odd about the files, given to the patients in turn; default nothing but scouts and duplicates. */
  readonly nuisances?: readonly NuisanceName[];
  /** How strongly disease shows: 1 (default) as in life, 0 not at all. */
  readonly signal?: number;
}

/** What was written of a synthetic archive. */
export interface ArchiveSummary {
  /** The archive's folder. */
  readonly dir: string;
  /** Path of labels.csv; it is written last, so that an archive with it is complete. */
  readonly labelsFile: string;
  /** In the order of their numbers. */
  readonly patients: readonly {
    /** Name of the folder and in labels.csv, such as patient1; the nuisance `anonymous` hides it in the files. */
    readonly patient: string;
    /** positive: COVID-19 is drawn. */
    readonly label: "positive" | "negative";
    /** Slices of the scan as drawn; a file may hold several, and the nuisances `gap` and others leave some out. */
    readonly slices: number;
  }[];
  /** DICOM files, scouts and duplicates included. */
  readonly files: number;
  /** Size of these files together. */
  readonly bytes: number;
}

/**
 * Writes DIR/<positive|negative>/<patient>/<series>/*.dcm and, last, DIR/labels.csv (header `patient,label`), yielding
 * after each patient. The same options give the same bytes. File names do not depend on a slice's height.
 *
 * @returns what was written
 * @throws ARCHIVE_OPTIONS when a number is out of range, ENCODER_FAILED, Node's errors of the folder, the reason of `signal`
 */
export async function* writeSyntheticArchive(
  dir: string,
  options: ArchiveOptions,
  { signal }: { signal?: AbortSignal } = {},
): AsyncGenerator<
  {
    /** Patients that are written. */
    done: number;
    /** All patients. */
    total: number;
  },
  ArchiveSummary
> {
  const {
    patients: total,
    positiveFraction = 0.5,
    seed,
    matrix = 128,
    slices = [18, 24],
    encodings = ["explicit-little"],
    nuisances = ["none"],
  } = options;
  check(Number.isInteger(total) && total >= 1 && total <= 100_000, "patients", total, "1 to 100000");
  check(positiveFraction >= 0 && positiveFraction <= 1, "positiveFraction", positiveFraction, "0 to 1");
  check(Number.isInteger(matrix) && matrix >= 32 && matrix <= 1024, "matrix", matrix, "32 to 1024");
  check(slices[0] >= 3 && slices[1] >= slices[0] && slices[1] <= 2000, "slices", slices.join("-"), "3 to 2000");
  check(encodings.length > 0, "encodings", 0, "at least one of the known names");
  check(nuisances.length > 0, "nuisances", 0, "at least one of the known names");
  await loadEncoders(encodings);
  const labels = drawLabels(total, positiveFraction, openRandom(seed, "labels"));
  const written: ArchiveSummary["patients"][number][] = [];
  let files = 0;
  let bytes = 0;
  for (const [index, positive] of labels.entries()) {
    signal?.throwIfAborted();
    const patient = phantomId(index);
    const label = positive ? "positive" : "negative";
    const scan = synthesiseScan({ seed, index, positive, matrix, slices, signal: options.signal ?? 1 });
    const study = uidFor(seed, patient, "study");
    const kept = [
      ...patientFiles(
        scan,
        {
          patient,
          study,
          encoding: encodings[index % encodings.length]!,
          nuisance: nuisances[index % nuisances.length]!,
        },
        openRandom(seed, index, "files"),
      ),
    ];
    for (const series of new Set(kept.map((file) => file.series))) {
      await mkdir(join(dir, label, patient, series), { recursive: true });
    }
    await Promise.all(kept.map((file) => writeFile(join(dir, label, patient, file.series, file.name), file.bytes)));
    files += kept.length;
    bytes += kept.reduce((sum, file) => sum + file.bytes.length, 0);
    written.push({ patient, label, slices: scan.geometry.slices });
    yield { done: index + 1, total };
  }
  // The list comes last and whole: an archive with a list is a complete one.
  const labelsFile = join(dir, "labels.csv");
  const rows = written.map(({ patient, label }) => `${patient},${label}\n`);
  await writeFile(`${labelsFile}.part`, `patient,label\n${rows.join("")}`);
  await rename(`${labelsFile}.part`, labelsFile);
  return { dir, labelsFile, patients: written, files, bytes };
}

/** PatientID and folder of a synthetic patient. @param number of its place in the archive, from 0 */
export function phantomId(number: number): string {
  return `patient${number + 1}`;
}

function check(holds: boolean, option: string, value: number | string, allowed: string): void {
  if (!holds) throw new FedError("ARCHIVE_OPTIONS", { option, value }, { remedy: `${option} must be ${allowed}` });
}

/** Exactly the asked share of positives, in an order that the patient's number does not betray. */
function drawLabels(total: number, fraction: number, random: Random): boolean[] {
  const labels = Array.from({ length: total }, (_, index) => index < Math.round(total * fraction));
  for (let last = total - 1; last > 0; last--) {
    const other = random.integer(0, last);
    [labels[last], labels[other]] = [labels[other]!, labels[last]!];
  }
  return labels;
}
