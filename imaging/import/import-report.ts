// Answers a hospital's questions: why is patient X not imported, and why is Y labelled so? One entry per patient, by
// pseudonym. It stays in the shard's folder at the hospital; the data card shows counts of it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import type { QuarantineEntry } from "../shard/quarantine.ts";
import { ruleSchema, type ScanRecord, type SplitRule, shardFiles } from "../shard/shard-format.ts";
import type { SplitName } from "../shard/split-patients.ts";
import type { Grouping, PatientFiles, PatientOrigin, RefusedPatient } from "../source/group-patients.ts";
import type { Outcome } from "./outcomes.ts";

const seriesSchema = z
  .object({
    /** Keyed hash; undefined for pictures. */
    series: z.string().optional(),
    /** TAKEN, or the code of the reason why it was not. In a dry run FIRST and IF_NEEDED: the order of decoding. */
    outcome: z.string(),
    /** Words and numbers that say more: slices, thickness, the place among the usable series. */
    facts: z.record(z.union([z.string(), z.number(), z.boolean()])),
    /** What the hospital can do to have it taken; undefined where there is nothing to mend. */
    remedy: z.string().optional(),
  })
  .strict();

const patientSchema = z
  .object({
    /** Pseudonym: keyed hash, 16 hex digits. */
    patient: z.string(),
    /** IMPORTED, PLANNED in a dry run, or the code of the reason why the patient is not in the shard. */
    outcome: z.string(),
    /** What the hospital can do to have the patient imported; undefined where there is nothing to mend. */
    remedy: z.string().optional(),
    /** positive: COVID-19. Undefined where the patient was refused because label or identity is unclear. */
    label: z.enum(["positive", "negative"]).optional(),
    /** train, validation or test; undefined where the patient is not in the shard. */
    split: z.enum(["train", "validation", "test"]).optional(),
    /** What gave the label: a row of the CSV, the folder of a class, or the option `label`. */
    labelFrom: z.enum(["row", "folder", "option"]).optional(),
    /** What stands for the patient: PatientID (0010,0020), else row, folder, study or file name. */
    knownBy: z.string(),
    /** Rows of the CSV about the patient, as a spreadsheet numbers them. */
    rows: z.array(z.number()),
    /** How these rows were matched with the files: by PatientID, UID, AccessionNumber, folder, file, ... */
    matchedBy: z.array(z.string()),
    /** Patients' folders in which the files lie; more than one were joined by the PatientID. */
    folders: z.number(),
    /** Files of the patient in the archive. */
    files: z.number(),
    /** The one that was taken first, then those that were not. */
    series: z.array(seriesSchema),
  })
  .strict();
/** One patient: the label, where it came from, and the series that were used or refused. @useDeclaredType */
export type PatientReport = z.output<typeof patientSchema>;
/** One series of a patient, with the reason where it was not used. @useDeclaredType */
export type SeriesReport = z.output<typeof seriesSchema>;

const reportSchema = z
  .object({
    /** Of the form of a report. */
    version: z.literal(1),
    /** Files of the archive. */
    files: z.number(),
    /** Files that could not be read, and pictures that are no scans. */
    refusedFiles: z.number(),
    /** Rows of the CSV; undefined without one. */
    rows: z
      .object({
        /** Rows with a label. */
        total: z.number(),
        /** Rows about files of the archive. */
        matched: z.number(),
        /** The other rows, as a spreadsheet numbers them. */
        unmatched: z.array(z.number()),
      })
      .strict()
      .optional(),
    /** How patients were split; undefined in a dry run. */
    rule: ruleSchema.optional(),
    /** In the order of their pseudonyms. */
    patients: z.array(patientSchema),
  })
  .strict();
/** What an import did with each patient and series, and why. @useDeclaredType */
export type ImportReport = z.output<typeof reportSchema>;

/** Counts of a report without pseudonyms, for the data card. */
export interface LabelCounts {
  /** Patients found in the archive. */
  readonly found: number;
  /** Those of them who are not in the shard. */
  readonly leftOut: number;
  /** Imported patients by where their label comes from: row, folder or option. */
  readonly labelFrom: Readonly<Record<string, number>>;
  /** Imported patients by how they were matched with rows of the CSV; one may be counted under several. */
  readonly matchedBy: Readonly<Record<string, number>>;
  /** Imported patients whose files are in several patients' folders. */
  readonly joined: number;
  /** Imported patients whose preferred series could not be used. */
  readonly otherSeries: number;
  /** Rows of the CSV; undefined without one. */
  readonly rows:
    | {
        /** With a label. */
        readonly total: number;
        /** About files of the archive. */
        readonly matched: number;
      }
    | undefined;
}

export function countLabels({ patients, rows }: ImportReport): LabelCounts {
  const taken = patients.filter(({ outcome }) => outcome === "IMPORTED");
  const tally = (words: readonly string[]) => {
    const counts: Record<string, number> = {};
    for (const word of [...words].sort()) counts[word] = (counts[word] ?? 0) + 1;
    return counts;
  };
  const isOther = ({ outcome, facts }: SeriesReport) => outcome === "TAKEN" && Number(facts["place"] ?? 1) > 1;
  return {
    found: patients.length,
    leftOut: patients.length - taken.length,
    labelFrom: tally(taken.flatMap(({ labelFrom }) => labelFrom ?? [])),
    matchedBy: tally(taken.flatMap(({ matchedBy }) => matchedBy)),
    joined: taken.filter(({ folders }) => folders > 1).length,
    otherSeries: taken.filter(({ series }) => series.some(isOther)).length,
    rows: rows && { total: rows.total, matched: rows.matched },
  };
}

export interface Reported {
  readonly grouping: Grouping;
  readonly files: number;
  readonly refusedFiles: number;
  readonly outcomes: readonly Outcome[];
  /** Entries about patients that come from the comparison of all scans. */
  readonly repeated: readonly QuarantineEntry[];
  readonly records: readonly ScanRecord[];
  readonly rule: SplitRule;
}

/** The report of an import that is done. */
export function reportImport(reported: Reported): ImportReport {
  const { grouping, files, refusedFiles, outcomes, repeated, records, rule } = reported;
  const outcomeOf = new Map(outcomes.map((one) => [one.patient, one]));
  const recordOf = new Map(records.map((one) => [one.patient, one]));
  const repeatedOf = new Map(repeated.map((one) => [one.patient, one]));
  const ofPatient = (patient: PatientFiles): PatientReport => {
    const outcome = outcomeOf.get(patient.patient);
    const entries = outcome?.quarantined ?? [];
    const lost = repeatedOf.get(patient.patient) ?? entries.find(({ what }) => what === "scan");
    const { scan } = outcome ?? {};
    const taken: SeriesReport[] = scan
      ? [
          {
            series: scan.series,
            outcome: "TAKEN",
            facts: { slices: scan.facts.storedSlices, ...thickness(scan), ...scan.choice },
          },
        ]
      : [];
    const record = recordOf.get(patient.patient);
    return {
      ...{
        patient: patient.patient,
        outcome: record ? "IMPORTED" : (lost?.code ?? "UNREADABLE"),
        remedy: record ? undefined : lost?.remedy,
      },
      ...{ label: labelName(patient), split: record?.split, ...originFields(patient.origin) },
      series: [...taken, ...entries.filter(({ what }) => what === "series").map(reportSeries)],
    };
  };
  return assemble({ grouping, files, refusedFiles, rule, patients: grouping.patients.map(ofPatient) });
}

/** The report of a dry run: `seriesOf` says which series of a patient would be looked at, from their headers. */
export function reportPlan(
  { grouping, files, refusedFiles }: Pick<Reported, "grouping" | "files" | "refusedFiles">,
  seriesOf: (patient: PatientFiles) => { readonly series: readonly SeriesReport[]; readonly error?: FedError },
): ImportReport {
  const ofPatient = (patient: PatientFiles): PatientReport => {
    const { series, error } = seriesOf(patient);
    return {
      ...{ patient: patient.patient, outcome: error?.code ?? "PLANNED", remedy: error?.remedy },
      ...{ label: labelName(patient), ...originFields(patient.origin), series: [...series] },
    };
  };
  return assemble({ grouping, files, refusedFiles, patients: grouping.patients.map(ofPatient) });
}

function assemble({
  grouping,
  files,
  refusedFiles,
  rule,
  patients,
}: Pick<Reported, "grouping" | "files" | "refusedFiles"> &
  Partial<Pick<Reported, "rule">> & { patients: readonly PatientReport[] }): ImportReport {
  const ofRefused = ({ patient, code, remedy, origin }: RefusedPatient): PatientReport => {
    return { patient, outcome: code, remedy, ...originFields(origin), series: [] };
  };
  const { rows } = grouping;
  return {
    ...{ version: 1, files, refusedFiles },
    rows: rows && { total: rows.total, matched: rows.total - rows.unmatched.length, unmatched: [...rows.unmatched] },
    rule,
    patients: [...patients, ...grouping.refused.map(ofRefused)].sort((a, b) => (a.patient < b.patient ? -1 : 1)),
  };
}

function originFields({ knownBy, labelFrom, rows, matchedBy, folders, files }: PatientOrigin) {
  return { knownBy, labelFrom, rows: [...rows], matchedBy: [...matchedBy], folders, files };
}

function labelName({ label }: PatientFiles): "positive" | "negative" {
  return label === 1 ? "positive" : "negative";
}

function thickness({ facts }: NonNullable<Outcome["scan"]>): { thicknessMm?: number } {
  return facts.thicknessMm > 0 ? { thicknessMm: facts.thicknessMm } : {};
}

function reportSeries({ series, code, facts, remedy }: QuarantineEntry): SeriesReport {
  return { series, outcome: code, facts, remedy };
}

/** The report of an imported shard; undefined where an older version wrote none. */
export async function readReport(dir: string): Promise<ImportReport | undefined> {
  const text = await readFile(join(dir, shardFiles.report), "utf8").catch(() => "null");
  try {
    return reportSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** In which split each patient of a report is; undefined for one without splits. */
export function splitsOfReport(
  report: ImportReport | undefined,
): { readonly rule: SplitRule; readonly splits: ReadonlyMap<string, SplitName> } | undefined {
  if (!report?.rule) return undefined;
  const splits = report.patients.flatMap(({ patient, split }) => (split ? [[patient, split] as const] : []));
  return { rule: report.rule, splits: new Map(splits) };
}

/**
 * The patients of a report whose pseudonym begins with `hash`.
 *
 * @throws REPORT_NOT_FOUND, HASH_UNKNOWN
 */
export async function explainPatient(dir: string, hash: string): Promise<PatientReport[]> {
  const report = await readReport(dir);
  if (!report) {
    throw new FedError("REPORT_NOT_FOUND");
  }
  const found = report.patients.filter(({ patient }) => patient.startsWith(hash));
  if (found.length > 0) return found;
  const remedy = "give the pseudonym of a patient as the report and the quarantine write it, or its beginning";
  throw new FedError("HASH_UNKNOWN", { hash, patients: report.patients.length }, { remedy });
}
