// Which rows of a CSV are about which unit of an archive. A name can match by chance (series 2 is not patient 2): a match
// counts where nothing in the archive speaks against it, and two that name different patients are a contradiction.
import { isGeneric } from "./folder-roles.ts";
import { numberOf, type RowIndex } from "./row-index.ts";
import type { Unit } from "./units.ts";

export type MatchedBy =
  | "file"
  | "UID"
  | "AccessionNumber"
  | "AccessionNumber as a number"
  | "PatientID"
  | "PatientID as a number"
  | "folder"
  | "folder as a number"
  | "file name";

export interface RowMatch {
  readonly row: number;
  readonly by: MatchedBy;
}

/** Matches of one unit; "contradicting" where PatientID and folder, or two folders, name different patients of the CSV. */
export type UnitMatches = readonly RowMatch[] | "contradicting";

/** @returns the matches of each unit, in the order of the units */
export function matchRows(units: readonly Unit[], index: RowIndex): UnitMatches[] {
  const numbered = numbersInUse(units);
  const accessions = spellings(units.map(({ accession }) => accession));
  const nameOf = (row: number) => index.rows[row]!.patients[0] ?? "";
  const byNumber = (name: string, used = numbered): number | undefined => {
    const found = index.ofNumber(name);
    // 0012 and 12 in one archive, or in one CSV, may be two people.
    const isOne = new Set(found.map(nameOf)).size === 1 && (used.get(numberOf(name) ?? "")?.size ?? 0) <= 1;
    return isOne ? found[0] : undefined;
  };
  const ofId = (id: string): RowMatch | undefined => {
    // A PatientID and the accession number of another patient can be the same number.
    if (index.rows[0]?.isAccession) return undefined;
    const exact = index.ofName(id);
    if (exact !== undefined) return { row: exact, by: "PatientID" };
    const number = byNumber(id);
    return number === undefined ? undefined : { row: number, by: "PatientID as a number" };
  };
  const places = folderPlaces(units, (name) => index.ofName(name) ?? byNumber(name));
  const prefixes = prefixUse(units);

  return units.map((unit) => {
    const matches: RowMatch[] = [];
    if (unit.fileRow >= 0) matches.push({ row: unit.fileRow, by: "file" });
    if (unit.uidRow >= 0) matches.push({ row: unit.uidRow, by: "UID" });
    if (unit.accessionRow >= 0) matches.push({ row: unit.accessionRow, by: "AccessionNumber" });
    const accession = byNumber(unit.accession, accessions);
    if (accession !== undefined) matches.push({ row: accession, by: "AccessionNumber as a number" });
    const own = unit.id === undefined ? undefined : ofId(unit.id);
    let isDoubted = false;
    const folders = unit.folder.flatMap((name, depth): RowMatch[] => {
      if (!places.isCredible(unit.folder, depth)) {
        isDoubted = true;
        return [];
      }
      const exact = index.ofName(name);
      if (exact !== undefined) return [{ row: exact, by: "folder" }];
      const number = byNumber(name);
      return number === undefined ? [] : [{ row: number, by: "folder as a number" }];
    });
    if (own) {
      matches.push(own);
      // Folders below the patient's own are series or studies, whatever their names.
      const [outer] = folders;
      if (outer && nameOf(outer.row) !== nameOf(own.row)) return "contradicting";
      if (outer) matches.push(outer);
    } else {
      if (new Set(folders.map(({ row }) => nameOf(row))).size > 1) return "contradicting";
      if (folders[0]) matches.push(folders[0]);
    }
    // The CSV takes a folder for one patient in which there are several.
    if (matches.length === 0 && isDoubted) return "contradicting";
    if (matches.length === 0 && unit.prefixRow >= 0 && prefixes.isCredible(unit)) {
      matches.push({ row: unit.prefixRow, by: "file name" });
    }
    return matches;
  });
}

/** By number, the ids and names of folders in the archive that are written as it. */
function numbersInUse(units: readonly Unit[]): ReadonlyMap<string, ReadonlySet<string>> {
  // A folder's name is only then somebody's where no PatientID is.
  return spellings(units.flatMap(({ id, folder }) => (id === undefined ? folder : [id])));
}

function spellings(names: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const used = new Map<string, Set<string>>();
  for (const name of names) {
    const key = numberOf(name);
    if (key !== undefined) used.set(key, (used.get(key) ?? new Set()).add(name));
  }
  return used;
}

/**
 * Where the folders are of which rows are named. Such a folder is somebody's only if its files have no two PatientIDs, and
 * if it does not recur in several folders that are somebody's themselves, or may be where no PatientID says otherwise: those
 * are series or studies.
 */
function folderPlaces(units: readonly Unit[], rowOf: (name: string) => number | undefined) {
  const ids = new Map<string, Set<string>>();
  const outer = new Map<string, Set<string>>();
  const parents = new Map<string, Set<string>>();
  const keyOf = (folder: readonly string[], depth: number) => `${depth}/${folder[depth]}`;
  for (const { folder, id } of units) {
    let named = "";
    for (const [depth, name] of folder.entries()) {
      if (rowOf(name) === undefined) continue;
      const key = keyOf(folder, depth);
      const parent = folder
        .slice(0, depth)
        .filter((above) => !isGeneric(above))
        .join("/");
      parents.set(key, (parents.get(key) ?? new Set()).add(parent));
      if (id !== undefined) ids.set(key, (ids.get(key) ?? new Set()).add(id));
      if (named !== "") outer.set(key, (outer.get(key) ?? new Set()).add(named));
      named ||= name;
    }
  }
  return {
    isCredible: (folder: readonly string[], depth: number) => {
      const key = keyOf(folder, depth);
      const [idCount, parentCount] = [ids.get(key)?.size ?? 0, parents.get(key)?.size ?? 0];
      const isOne = idCount === 1 || (idCount === 0 && parentCount <= 1);
      return isOne && (outer.get(key)?.size ?? 0) <= 1;
    },
  };
}

/** A file's name begins with a patient's only where one PatientID goes with one such name: 1-001.dcm may be series 1. */
function prefixUse(units: readonly Unit[]) {
  const idsOfRow = new Map<number, Set<string>>();
  const rowsOfId = new Map<string, Set<number>>();
  for (const { id, prefixRow } of units) {
    if (id === undefined || prefixRow < 0) continue;
    idsOfRow.set(prefixRow, (idsOfRow.get(prefixRow) ?? new Set()).add(id));
    rowsOfId.set(id, (rowsOfId.get(id) ?? new Set()).add(prefixRow));
  }
  return {
    isCredible: ({ id, prefixRow }: Unit) =>
      (idsOfRow.get(prefixRow)?.size ?? 0) <= 1 && (id === undefined || rowsOfId.get(id)!.size === 1),
  };
}
