// Makes the shard's index from the outcomes of all patients: the split, the salts, and no scan twice.
import { FedError } from "../../foundation/errors.ts";
import type { ParsedImportOptions } from "../import/import-options.ts";
import type { Outcome } from "../import/outcomes.ts";
import type { FileList } from "../source/file-list.ts";
import type { PatientFiles } from "../source/group-patients.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import { type QuarantineEntry, quarantineEntry } from "./quarantine.ts";
import type { ScanRecord } from "./shard-format.ts";
import { type SplitName, splitPatients } from "./split-patients.ts";

/** Raised when the same files give other outcomes, so that outcomes of an older version are not reused. */
const pixelsVersion = 3;

/** Keyed hash of a patient's files and of everything that decides the outcome but the label. */
export function inputsOf(
  { patient, dicom, pictures }: PatientFiles,
  files: FileList,
  { shape, minSlices }: ParsedImportOptions,
  pseudonyms: Pseudonyms,
): string {
  const used = [...dicom, ...pictures].map((file) => {
    const { parts, bytes, version } = files.at(file);
    return [parts.join("/"), bytes, version];
  });
  return pseudonyms.of("inputs", JSON.stringify([pixelsVersion, patient, used, shape, minSlices]));
}

/**
 * The scans in the order of their pseudonyms. A scan with the same pixels as another patient's is left out: it could be in
 * train and in test.
 */
export function recordsOf(
  outcomes: readonly Outcome[],
  patients: readonly PatientFiles[],
  { seed, shares }: ParsedImportOptions,
  { pseudonyms, kept }: { pseudonyms: Pseudonyms; kept: ReadonlyMap<string, SplitName> },
): { readonly records: ScanRecord[]; readonly repeated: readonly QuarantineEntry[] } {
  const labelOf = new Map(patients.map(({ patient, label }) => [patient, label]));
  const seen = new Set<string>();
  const repeated: QuarantineEntry[] = [];
  const usable = outcomes.flatMap(({ patient, inputs, scan }) => {
    if (!scan) return [];
    if (seen.has(scan.pixels)) {
      const error = new FedError(
        "SCAN_REPEATED",
        {},
        { remedy: "two patients have the same scan: correct the archive" },
      );
      repeated.push(quarantineEntry(error, { what: "scan", patient, files: scan.facts.storedSlices }));
      return [];
    }
    seen.add(scan.pixels);
    return [{ patient, inputs, scan, label: labelOf.get(patient)! }];
  });
  const splits = splitPatients(usable, { seed, shares }, kept);
  const records = usable.map(
    ({ patient, inputs, label, scan: { slices, offset, pixels, series, facts } }): ScanRecord => {
      const salt = Buffer.from(pseudonyms.salt("scan", patient, pixels)).toString("hex");
      return { patient, label, split: splits.get(patient)!, slices, offset, pixels, salt, series, inputs, facts };
    },
  );
  return { records, repeated };
}
