// PatientIDs that folders or studies contradict: a folder that is one patient's like all others holds two PatientIDs, one study
// has two, or one PatientID is that of a whole class. Either reading may be wrong, and a guess could put one person into two
// splits, or join two persons.
import { type FolderReading, isGeneric, isSplit, looksLikePatient } from "./folder-roles.ts";
import type { Person } from "./persons.ts";
import type { Unit } from "./units.ts";

/** A PatientID in all of a class's folders, if these are so many, is more likely the anonymiser's than a person's. */
const foldersOfOneId = 4;

export function doubtsAboutFolders(units: readonly Unit[], readings: readonly FolderReading[]): ReadonlySet<string> {
  const folders = new Map<string, { readonly name: string; readonly parent: string; readonly ids: Set<string> }>();
  for (const [number, { id }] of units.entries()) {
    const { patientPath } = readings[number]!;
    if (!patientPath || id === undefined) continue;
    const path = patientPath.join("/");
    const folder = folders.get(path) ?? {
      name: patientPath.at(-1)!,
      parent: patientPath.slice(0, -1).join("/"),
      ids: new Set<string>(),
    };
    folders.set(path, folder);
    folder.ids.add(id);
  }
  const all = [...folders.values()];
  const doubted = new Set<string>();
  for (const { name, parent, ids } of all) {
    if (ids.size === 1) continue;
    // Where most folders are of one patient, so should this one be; where none is, folders are something else.
    const alike = all.filter((other) => depthOf(other.parent) === depthOf(parent));
    const isPatients =
      looksLikePatient(name) || alike.filter((other) => other.ids.size === 1).length * 2 > alike.length;
    if (isPatients) for (const id of ids) doubted.add(id);
  }
  for (const id of [...idsOfWholeParents(all), ...idsOfOneStudy(units), ...idsOfOneSpelling(units)]) doubted.add(id);
  return doubted;
}

/** PatientIDs that differ in nothing but case or leading zeros: one person who was typed in twice, or two. */
function idsOfOneSpelling(units: readonly Unit[]): string[] {
  const spellings = new Map<string, Set<string>>();
  for (const { id } of units) {
    if (id === undefined) continue;
    const key = id.toLowerCase().replace(/^0+(?=\d+$)/, "");
    spellings.set(key, (spellings.get(key) ?? new Set()).add(id));
  }
  return [...spellings.values()].flatMap((ids) => (ids.size > 1 ? [...ids] : []));
}

/** So many studies in folders of their own are more likely several patients'. */
const studiesOfOneFolder = 4;

/**
 * Persons known by a folder that may be a collection of many: it has folders of several studies in it, and is in both classes
 * (positive/Lungs/12, positive/Lungs/13, negative/Lungs/14), or the only one of its class (positive/Hospital/Doe,
 * positive/Hospital/Roe), or these are many, or their names are words as people's are. Persons of the same folder's name in two
 * parts of an archive that was split for learning are doubted as well.
 */
export function doubtedCollections(
  persons: ReadonlyMap<string, Person>,
  units: readonly Unit[],
  readings: readonly FolderReading[],
): ReadonlySet<string> {
  const classes = new Map<string, Set<FolderReading["label"]>>();
  /** Names of patients' folders in each folder. */
  const beside = new Map<string, Set<string>>();
  const collections = new Map<
    string,
    { readonly name: string; readonly isDoubted: boolean; readonly parent: string }
  >();
  for (const { patientPath } of readings) {
    if (!patientPath) continue;
    const parent = patientPath.slice(0, -1).join("/");
    beside.set(parent, (beside.get(parent) ?? new Set()).add(patientPath.at(-1)!));
  }
  const split = new Set<string>();
  for (const [person, { knownBy, units: own }] of persons) {
    if (knownBy === "folder" && isOfSeveralSplits(own.map((number) => units[number]!))) split.add(person);
    const { patientName = "", patientPath = [], label } = readings[own[0]!]!;
    // A number is a patient's; that of a year may be of an export.
    if (knownBy !== "folder" || /\d/.test(patientName.replace(/(?<!\d)(19|20)\d\d(?!\d)/g, ""))) continue;
    classes.set(patientName, (classes.get(patientName) ?? new Set()).add(label));
    const inside = new Set(own.flatMap((unit) => units[unit]!.folder[patientPath.length] ?? []));
    const studies = new Set(own.map((unit) => units[unit]!.studyUid));
    if (inside.size < 2 || studies.size < 2) continue;
    const areWords = [...inside].every((name) => !/\d/.test(name) && !isGeneric(name));
    const isDoubted = areWords || Math.min(inside.size, studies.size) >= studiesOfOneFolder;
    collections.set(person, { name: patientName, isDoubted, parent: patientPath.slice(0, -1).join("/") });
  }
  return new Set([
    ...split,
    ...[...collections].flatMap(([person, { name, isDoubted, parent }]) =>
      isDoubted || classes.get(name)!.size > 1 || beside.get(parent)!.size === 1 ? [person] : [],
    ),
  ]);
}

/** train/7 and test/7 may be one patient's slices, or two patients of two lists; files of one study are one's. */
function isOfSeveralSplits(own: readonly Unit[]): boolean {
  const parts = new Set(own.map(({ folder }) => folder.find(isSplit)?.toLowerCase()));
  const studies = new Set(own.map(({ studyUid }) => studyUid));
  return parts.size > 1 && (studies.size > 1 || studies.has(""));
}

function depthOf(path: string): number {
  return path.split("/").length;
}

/** A study is of one patient; one UID for most of the archive is the anonymiser's, and says nothing. */
function idsOfOneStudy(units: readonly Unit[]): string[] {
  const studies = new Map<string, Set<string>>();
  for (const { id, studyUid } of units) {
    if (id !== undefined && studyUid !== "") studies.set(studyUid, (studies.get(studyUid) ?? new Set()).add(id));
  }
  const count = new Set(units.flatMap(({ id }) => id ?? [])).size;
  const isOfAll = (ids: ReadonlySet<string>) => ids.size > 2 && ids.size * 2 > count;
  return [...studies.values()].flatMap((ids) => (ids.size > 1 && !isOfAll(ids) ? [...ids] : []));
}

function idsOfWholeParents(folders: readonly { readonly parent: string; readonly ids: ReadonlySet<string> }[]) {
  const parents = new Map<string, { readonly ids: Set<string>; folders: number }>();
  for (const { parent, ids } of folders) {
    const so = parents.get(parent) ?? { ids: new Set<string>(), folders: 0 };
    parents.set(parent, so);
    so.folders++;
    for (const id of ids) so.ids.add(id);
  }
  return [...parents.values()].flatMap(({ ids, folders: count }) =>
    ids.size === 1 && count >= foldersOfOneId ? [...ids] : [],
  );
}
