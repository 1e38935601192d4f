// Pictures beside DICOM files are no scans: viewers on CDs bring their own, and systems save previews.
import type { FolderReading } from "./folder-roles.ts";
import type { UnitMatches } from "./match-rows.ts";
import type { Unit } from "./units.ts";

/**
 * Numbers of units of pictures that lie beside DICOM files: in the same patient's folder, or anywhere in an archive with
 * DICOM files where no folder or row says of which class they are. Pictures that a row of the CSV names are meant.
 */
export function picturesBesideDicom(
  units: readonly Unit[],
  readings: readonly FolderReading[],
  matches: readonly UnitMatches[],
  { byOption }: { readonly byOption: boolean },
): ReadonlySet<number> {
  /** Folders with DICOM files anywhere below them, and folders that have them without a patient's folder between. */
  const above = new Set<string>();
  const direct = new Set<string>();
  for (const [number, { kind, folder }] of units.entries()) {
    if (kind !== "dicom") continue;
    for (let depth = 0; depth <= folder.length; depth++) above.add(folder.slice(0, depth).join("/"));
    const { patientPath, classPath } = readings[number]!;
    if (!patientPath) direct.add((classPath ?? []).join("/"));
  }
  const beside = new Set<number>();
  for (const [number, { kind, fileRow }] of units.entries()) {
    if (kind !== "picture" || fileRow >= 0) continue;
    const { label, patientPath, classPath } = readings[number]!;
    const home = patientPath ?? classPath ?? [];
    const isOfClass = label !== undefined || (matches[number] ?? []).length > 0;
    const isBeside = above.has(home.join("/")) || direct.has((classPath ?? []).join("/"));
    if (isBeside || (byOption && !isOfClass && above.has(""))) beside.add(number);
  }
  return beside;
}
