// The persons of an archive: a PatientID is one, wherever its files are; without it the CSV, the folders or the study say it.
import type { FolderReading } from "./folder-roles.ts";
import type { UnitMatches } from "./match-rows.ts";
import type { LabelRow } from "./row-labels.ts";
import type { Unit } from "./units.ts";

/** What stands for a patient: the PatientID, a row of the CSV, a folder, the study, or the beginning of file names. */
export type KnownBy = "PatientID" | "row" | "folder" | "study" | "file name";

export interface Person {
  readonly knownBy: KnownBy;
  readonly units: number[];
}

/** For each unit, in the order of the units. */
export interface Evidence {
  readonly readings: readonly FolderReading[];
  readonly matches: readonly UnitMatches[];
}

/** The name that stands for the person with this PatientID. */
export function personOfId(patientId: string): string {
  return `id/${patientId}`;
}

/**
 * Persons by the names that stand for them. What has no PatientID is joined to one where the same row, folder or study has
 * exactly one.
 */
export function findPersons(
  units: readonly Unit[],
  {
    readings,
    matches,
    nameOf,
    beside,
  }: Evidence & { nameOf: (row: number) => string | undefined; beside: ReadonlySet<number> },
): Map<string, Person> {
  const names = units.map((unit, number): { name: string; knownBy: KnownBy } => {
    const match = matches[number] === "contradicting" ? undefined : matches[number]![0];
    const named = match && nameOf(match.row);
    if (named !== undefined) return { name: `name/${named}`, knownBy: "row" };
    const { label, patientName, classPath, isPatientOutside } = readings[number]!;
    // One name in two classes is two people, but a folder around both is one.
    const ofClass = classPath && !isPatientOutside ? `${label === 1 ? "positive" : "negative"}/` : "";
    if (patientName !== undefined) return { name: `folder/${ofClass}${patientName}`, knownBy: "folder" };
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
    const name = id === undefined ? own.name : personOfId(id);
    const person = persons.get(name) ?? { knownBy: id === undefined ? own.knownBy : "PatientID", units: [] };
    persons.set(name, person);
    person.units.push(number);
  }
  return persons;
}

/** Rows that name one patient or one file, and are matched with several patients. */
export function rowsOfSeveral(
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
