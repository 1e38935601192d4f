// Groups files by patient and finds each patient's label. A PatientID is one person, in whatever folders its files are;
// without one, the CSV, the folders or the study identify the patient. Contradictory readings are refused, never weighed.
import { FedError } from "../../foundation/errors.ts";
import type { Pseudonyms } from "../shard/pseudonyms.ts";
import { type QuarantineEntry, quarantineEntry } from "../shard/quarantine.ts";
import type { Label } from "./class-names.ts";
import type { ExaminedFiles } from "./examined-files.ts";
import type { FileList } from "./file-list.ts";
import { doubtsAboutFolders } from "./folder-doubts.ts";
import { type FolderReading, readFolders } from "./folder-roles.ts";
import type { LabelRow } from "./label-rows.ts";
import { type MatchedBy, matchRows, type UnitMatches } from "./match-rows.ts";
import { picturesBesideDicom } from "./pictures-beside.ts";
import { indexRows } from "./row-index.ts";
import { findUnits, type Unit } from "./units.ts";

/** How a patient and its label were identified: for the hospital's own report. */
export interface PatientOrigin {
  /** What stands for the patient: the PatientID, a row of the CSV, a folder, the study, or the beginning of file names. */
  readonly knownBy: "PatientID" | "row" | "folder" | "study" | "file name";
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
  /** Label of patients for whom there is no other. */
  readonly fallback?: Label | undefined;
  /** The CSV's label counts where a class folder contradicts it. */
  readonly rowsOverFolders?: boolean | undefined;
  /** Whether PatientIDs or folders count where they disagree; without it, such patients are refused. */
  readonly patientsBy?: "id" | "folder" | undefined;
}

interface Person {
  readonly knownBy: PatientOrigin["knownBy"];
  readonly units: number[];
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
  const doubts = patientsBy === "id" ? new Set<string>() : doubtsAboutFolders(units.all, readings);

  const personOf = new Map<number, string>();
  for (const [name, { units: own }] of persons) for (const unit of own) personOf.set(unit, name);
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
    const said = whatIsSaid(person, { units: units.all, readings, matches, doubts, shared, options });
    const origin = originOf(person, { units: units.all, readings, matches, rows: options.rows, label: said.from });
    const own = { dicom: dicom.get(name) ?? [], pictures: pictures.get(name) ?? [] };
    if ("error" in said) {
      refused.push({ patient, code: said.error.code, remedy: said.error.remedy ?? "", origin, ...own });
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

interface Evidence {
  readonly readings: readonly FolderReading[];
  readonly matches: readonly UnitMatches[];
}

/**
 * Persons by the names that stand for them. What has no PatientID is joined to one where the same row, folder or study has
 * exactly one.
 */
function findPersons(
  units: readonly Unit[],
  {
    readings,
    matches,
    nameOf,
    beside,
  }: Evidence & { nameOf: (row: number) => string | undefined; beside: ReadonlySet<number> },
): Map<string, Person> {
  const names = units.map((unit, number): { name: string; knownBy: PatientOrigin["knownBy"] } => {
    const match = matches[number] === "contradicting" ? undefined : matches[number]![0];
    const named = match && nameOf(match.row);
    if (named !== undefined) return { name: `name/${named}`, knownBy: "row" };
    const { label, patientPath, classPath, isPatientOutside } = readings[number]!;
    // One name in two classes is two people, but a folder around both is one.
    const ofClass = classPath && !isPatientOutside ? `${label === 1 ? "positive" : "negative"}/` : "";
    if (patientPath) return { name: `folder/${ofClass}${patientPath.at(-1)}`, knownBy: "folder" };
    if (unit.kind === "picture") {
      return { name: `picture/${ofClass}${unit.folder.join("/")}/${unit.stem}`, knownBy: "file name" };
    }
    if (unit.studyUid !== "") return { name: `study/${unit.studyUid}`, knownBy: "study" };
    return { name: `folder/${ofClass}${unit.folder.join("/")}`, knownBy: "folder" };
  });
  const ids = new Map<string, Set<string>>();
  const studies = new Map<string, Set<string>>();
  for (const [number, { id, studyUid }] of units.entries()) {
    if (id === undefined) continue;
    const { name } = names[number]!;
    ids.set(name, (ids.get(name) ?? new Set()).add(id));
    studies.set(studyUid, (studies.get(studyUid) ?? new Set()).add(id));
  }
  const only = (found: ReadonlySet<string> | undefined) => (found?.size === 1 ? [...found][0] : undefined);
  const persons = new Map<string, Person>();
  for (const [number, unit] of units.entries()) {
    if (beside.has(number)) continue;
    const own = names[number]!;
    const ofStudy = unit.studyUid === "" ? undefined : only(studies.get(unit.studyUid));
    const id = unit.id ?? only(ids.get(own.name)) ?? ofStudy;
    const name = id === undefined ? own.name : `id/${id}`;
    const person = persons.get(name) ?? { knownBy: id === undefined ? own.knownBy : "PatientID", units: [] };
    persons.set(name, person);
    person.units.push(number);
  }
  return persons;
}

/** Rows that name one patient or one file, and are matched with several patients. */
function rowsOfSeveral(
  persons: ReadonlyMap<string, Person>,
  matches: readonly UnitMatches[],
  rows: readonly LabelRow[],
): ReadonlySet<number> {
  const personsOfRow = new Map<number, Set<string>>();
  for (const [name, { units }] of persons) {
    for (const unit of units) {
      const own = matches[unit]!;
      if (own === "contradicting") continue;
      for (const { row, by } of own) {
        // The label of a folder holds for all patients in it.
        const isFolder = by === "file" && !/\.\w{1,4}$/.test(rows[row]!.file ?? "");
        if (!isFolder) personsOfRow.set(row, (personsOfRow.get(row) ?? new Set()).add(name));
      }
    }
  }
  return new Set([...personsOfRow].flatMap(([row, found]) => (found.size > 1 ? [row] : [])));
}

type Said =
  | { readonly label: Label; readonly from: PatientOrigin["labelFrom"] }
  | { readonly error: FedError; readonly from: undefined };

/** The label of a person, or why there is none. */
function whatIsSaid(
  { units: own }: Person,
  about: Evidence & {
    units: readonly Unit[];
    doubts: ReadonlySet<string>;
    shared: ReadonlySet<number>;
    options: GroupingOptions;
  },
): Said {
  const { units, readings, matches, doubts, shared, options } = about;
  const refuse = (error: FedError): Said => ({ error, from: undefined });
  const ofRows = new Set<Label>();
  const ofFolders = new Set<Label | "unclear">();
  for (const number of own) {
    const { id } = units[number]!;
    const matched = matches[number]!;
    if (matched === "contradicting") return refuse(patientUnclear("the rows of the CSV"));
    if (matched.some(({ row }) => shared.has(row))) return refuse(patientUnclear("one row for several PatientIDs"));
    if (id !== undefined && doubts.has(id)) return refuse(patientUnclear("folders and PatientIDs"));
    for (const { row } of matched) ofRows.add(options.rows![row]!.label);
    const { label } = readings[number]!;
    if (label !== undefined) ofFolders.add(label);
  }
  const doFoldersCount = !(options.rowsOverFolders && ofRows.size > 0);
  if (doFoldersCount && ofFolders.has("unclear")) return refuse(new FedError("LABEL_UNCLEAR"));
  const said = new Set([...ofRows, ...(doFoldersCount ? ofFolders : [])]);
  if (said.size > 1) return refuse(contradicting(ofRows.size > 0 && ofFolders.size > 0));
  const [label] = (options.rows ? ofRows : ofFolders) as Set<Label>;
  if (label !== undefined) return { label, from: options.rows ? "row" : "folder" };
  if (options.fallback !== undefined) {
    const isDenied = said.size > 0 && !said.has(options.fallback);
    return isDenied ? refuse(contradicting(false)) : { label: options.fallback, from: "option" };
  }
  return refuse(new FedError("LABEL_MISSING", {}, { remedy: options.rows ? rowRemedy : labelRemedy }));
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

const labelRemedy =
  "sort the patients into folders positive and negative, or give --labels FILE.csv with the columns patient and label";
const rowRemedy = "add a row with the patient's PatientID, folder or file to the CSV of labels";

function patientUnclear(why: string): FedError {
  return new FedError("PATIENT_UNCLEAR", { why });
}

function contradicting(isOfRow: boolean): FedError {
  const remedy = isOfRow
    ? "the CSV and the class folder differ: correct one of them, or give --labels-over-folders"
    : "the patient is in folders or rows of both classes: correct the archive, or, where an anonymiser gave several people one PatientID, give --patients-by folder";
  return new FedError("LABELS_CONTRADICT", {}, { remedy });
}
