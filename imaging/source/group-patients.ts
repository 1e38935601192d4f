// Groups files by patient and finds each patient's label. A PatientID is one person, in whatever folders its files are;
// without one, the CSV, the folders or the study identify the patient. Contradictory readings are refused, never weighed.
import { FedError } from "../../foundation/errors.ts";
import type { Pseudonyms } from "../shard/pseudonyms.ts";
import { type QuarantineEntry, quarantineEntry } from "../shard/quarantine.ts";
import type { Label } from "./class-names.ts";
import type { ExaminedFiles } from "./examined-files.ts";
import type { FileList } from "./file-list.ts";
import { doubtedCollections, doubtsAboutFolders } from "./folder-doubts.ts";
import { type FolderReading, readFolders } from "./folder-roles.ts";
import { type MatchedBy, matchRows, type UnitMatches } from "./match-rows.ts";
import { labelOfPerson, labelRemedy, patientUnclear } from "./patient-label.ts";
import { type Evidence, findPersons, type KnownBy, type Person, rowsOfSeveral } from "./persons.ts";
import { picturesBesideDicom } from "./pictures-beside.ts";
import { indexRows } from "./row-index.ts";
import type { LabelRow } from "./row-labels.ts";
import { findUnits, type Unit } from "./units.ts";

/** How a patient and its label were identified: for the hospital's own report. */
export interface PatientOrigin {
  readonly knownBy: KnownBy;
  readonly labelFrom: "row" | "folder" | "option" | undefined;
  /** Rows of the CSV that are about the patient, as a spreadsheet numbers them, and how they were matched. */
  readonly rows: readonly number[];
  readonly matchedBy: readonly MatchedBy[];
  /** Folders that are read as patients' in which the patient's files lie: more than one were joined by the PatientID. */
  readonly folders: number;
  readonly files: number;
}

export interface PatientFiles {
  /** Keyed hash. */
  readonly patient: string;
  readonly label: Label;
  readonly origin: PatientOrigin;
  /** Places in the listing, ascending. */
  readonly dicom: readonly number[];
  readonly pictures: readonly number[];
}

/** A patient who is not imported because identity or label is unclear. */
export interface RefusedPatient {
  readonly patient: string;
  readonly code: string;
  readonly remedy: string;
  readonly origin: PatientOrigin;
  readonly dicom: readonly number[];
  readonly pictures: readonly number[];
}

export interface Grouping {
  /** In the order of the pseudonyms. */
  readonly patients: readonly PatientFiles[];
  readonly refused: readonly RefusedPatient[];
  readonly quarantined: readonly QuarantineEntry[];
  /** Places in the listing of pictures that lie beside DICOM files, and are no scans. */
  readonly picturesBeside: readonly number[];
  /** Number of rows of the CSV, and the row numbers without a match in the archive; undefined without a CSV. */
  readonly rows: { readonly total: number; readonly unmatched: readonly number[] } | undefined;
}

export interface GroupingOptions {
  /** Rows of the CSV; undefined if folders give the labels. */
  readonly rows: readonly LabelRow[] | undefined;
  readonly pseudonyms: Pseudonyms;
  /** Label of patients without another one. */
  readonly fallback?: Label | undefined;
  /** The CSV's label counts where a class folder contradicts it. */
  readonly rowsOverFolders?: boolean | undefined;
  /** Whether PatientIDs or folders count where they disagree; without it, such patients are refused. */
  readonly patientsBy?: "id" | "folder" | undefined;
}

/**
 * Groups files by patient.
 *
 * @throws LABELS_MISSING where no patient has a label
 */
export function groupPatients(files: FileList, examined: ExaminedFiles, options: GroupingOptions): Grouping {
  const { pseudonyms, fallback, patientsBy } = options;
  const index = options.rows && indexRows(options.rows);
  const units = findUnits(files, examined, index, { ignoreIds: patientsBy === "folder" });
  const read = readerOf(units.all);
  const readings = units.all.map(({ folder }) => read(folder));
  const matches = index ? matchRows(units.all, index) : units.all.map(() => []);
  const beside = picturesBesideDicom(units.all, readings, matches, { byOption: fallback !== undefined });
  const persons = findPersons(units.all, { readings, matches, nameOf: (row) => index?.rows[row]?.patients[0], beside });
  const collections = patientsBy ? new Set<string>() : doubtedCollections(persons, units.all, readings);
  const doubts = patientsBy === "id" ? new Set<string>() : doubtsAboutFolders(units.all, readings);

  const personOf = new Map<number, string>();
  for (const [name, { units: own }] of persons) for (const unit of own) personOf.set(unit, name);
  const notLabelled = studiesNotLabelled(persons, units.all, matches);
  const dicom = new Map<string, number[]>();
  const pictures = new Map<string, number[]>();
  const picturesBeside: number[] = [];
  let place = 0;
  for (const file of examined) {
    const unit = units.ofFile.at(place++);
    const name = personOf.get(unit);
    if (name === undefined) {
      picturesBeside.push(file);
      continue;
    }
    if (notLabelled.has(unit)) continue;
    const into = units.all[unit]!.kind === "dicom" ? dicom : pictures;
    const own = into.get(name);
    if (own) own.push(file);
    else into.set(name, [file]);
  }

  const shared = rowsOfSeveral(persons, matches, options.rows ?? []);
  const patients: PatientFiles[] = [];
  const refused: RefusedPatient[] = [];
  const quarantined: QuarantineEntry[] = [];
  for (const [name, person] of persons) {
    const patient = pseudonyms.of("patient", name);
    const said = collections.has(name)
      ? patientUnclear("folders")
      : labelOfPerson(person, { units: units.all, readings, matches, doubts, shared, options });
    const origin = originOf(person, { units: units.all, readings, matches, rows: options.rows, label: said.from });
    const own = { dicom: dicom.get(name) ?? [], pictures: pictures.get(name) ?? [] };
    const left = person.units.filter((unit) => notLabelled.has(unit));
    if (left.length > 0) {
      const count = left.reduce((sum, unit) => sum + units.all[unit]!.files, 0);
      quarantined.push(quarantineEntry(new FedError("STUDY_NOT_LABELLED"), { what: "series", patient, files: count }));
    }
    if ("error" in said) {
      refused.push({ patient, code: said.error.code, remedy: said.error.remedy, origin, ...own });
      quarantined.push(quarantineEntry(said.error, { what: "scan", patient, files: origin.files }));
    } else {
      patients.push({ patient, label: said.label, origin, ...own });
    }
  }
  if (patients.length === 0 && refused.length > 0 && refused.every(({ code }) => code === "LABEL_MISSING")) {
    throw new FedError(
      "LABELS_MISSING",
      { patients: refused.length, ...rowFacts(options.rows) },
      { remedy: labelRemedy },
    );
  }
  const used = new Set(matches.flatMap((own) => (own === "contradicting" ? [] : own.map(({ row }) => row))));
  const unmatched = (options.rows ?? []).filter((_, row) => !used.has(row)).map(({ row }) => row);
  return {
    patients: patients.sort((a, b) => (a.patient < b.patient ? -1 : 1)),
    refused,
    quarantined,
    picturesBeside,
    rows: options.rows && { total: options.rows.length, unmatched },
  };
}

/**
 * Where rows name studies or series, they say nothing about the patient's others: one of another year may show another
 * state of health.
 */
function studiesNotLabelled(
  persons: ReadonlyMap<string, Person>,
  units: readonly Unit[],
  matches: readonly UnitMatches[],
): ReadonlySet<number> {
  const left = new Set<number>();
  for (const { units: own } of persons.values()) {
    const isByStudy = own.some((unit) => {
      const found = matches[unit]!;
      return found !== "contradicting" && found.some(({ by }) => by === "UID" || by.startsWith("AccessionNumber"));
    });
    if (!isByStudy) continue;
    for (const unit of own) if (units[unit]!.kind === "dicom" && matches[unit]!.length === 0) left.add(unit);
  }
  return left;
}

function rowFacts(rows: readonly LabelRow[] | undefined): { rows?: number } {
  return rows ? { rows: rows.length } : {};
}

/** Readings of folders, each folder read once. */
function readerOf(units: readonly Unit[]): (folder: readonly string[]) => FolderReading {
  const folders = new Map(units.map(({ folder }) => [folder.join("/"), folder]));
  const read = readFolders([...folders.values()]);
  const readings = new Map<string, FolderReading>();
  return (folder) => {
    const path = folder.join("/");
    const reading = readings.get(path) ?? read(folder);
    readings.set(path, reading);
    return reading;
  };
}

function originOf(
  { knownBy, units: own }: Person,
  about: Evidence & {
    units: readonly Unit[];
    rows: readonly LabelRow[] | undefined;
    label: PatientOrigin["labelFrom"];
  },
): PatientOrigin {
  const { units, readings, matches, rows, label } = about;
  const matched = own.flatMap((number) => (matches[number] === "contradicting" ? [] : matches[number]!));
  const folders = new Set(own.flatMap((number) => readings[number]!.patientPath?.join("/") ?? []));
  return {
    knownBy,
    labelFrom: label,
    rows: [...new Set(matched.map(({ row }) => rows![row]!.row))].sort((a, b) => a - b),
    matchedBy: [...new Set(matched.map(({ by }) => by))],
    folders: folders.size,
    files: own.reduce((sum, number) => sum + units[number]!.files, 0),
  };
}
