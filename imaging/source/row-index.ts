// Rows of a CSV of labels, found by what an archive calls a patient or a file.
import { sameText } from "./label-rows.ts";
import type { LabelRow } from "./row-labels.ts";

export interface RowIndex {
  readonly rows: readonly LabelRow[];
  /** Index of the row with exactly this name of a patient. */
  ofName(name: string): number | undefined;
  /** Index of the row with exactly this accession number, in a CSV of accession numbers. */
  ofAccession(number: string): number | undefined;
  /** Indices of rows whose name is the same number: spreadsheets turn 0012 into 12 or 12.0. */
  ofNumber(name: string): readonly number[];
  /** Index of the row that names this file, or a folder above it, by its path or the end of its path. */
  ofPath(parts: readonly string[]): number | undefined;
  /** Index of the row whose patient's name is the beginning of the file's name. */
  ofBeginning(name: string): number | undefined;
}

export function indexRows(rows: readonly LabelRow[]): RowIndex {
  const names = new Map<string, number>();
  const numbers = new Map<string, number[]>();
  const paths = new Map<string, number>();
  const byFileName = new Map<string, number[]>();
  for (const [index, { patients, file }] of rows.entries()) {
    for (const name of patients) {
      if (names.has(name)) continue;
      names.set(name, index);
      const number = numberOf(name);
      if (number !== undefined) numbers.set(number, [...(numbers.get(number) ?? []), index]);
    }
    if (file === undefined || paths.has(file)) continue;
    paths.set(file, index);
    const last = file.slice(file.lastIndexOf("/") + 1);
    byFileName.set(last, [...(byFileName.get(last) ?? []), index]);
  }
  const longestName = Math.max(0, ...[...names.keys()].map(({ length }) => length));
  const deepest = Math.max(0, ...[...paths.keys()].map((path) => path.split("/").length));
  return {
    rows,
    ofName: (name) => (name === "" ? undefined : names.get(sameText(name))),
    ofAccession(number) {
      const row = number === "" ? undefined : names.get(sameText(number));
      return row !== undefined && rows[row]!.isAccession ? row : undefined;
    },
    ofNumber: (name) => numbers.get(numberOf(name) ?? "") ?? [],
    ofPath(parts) {
      if (paths.size === 0) return undefined;
      const named = parts.map(sameText);
      // A path of another machine, such as C:/export/positive/p1/IM1.dcm, has the archive's path at its end.
      const whole = named.join("/");
      const longer = byFileName.get(named.at(-1)!)?.filter((row) => rows[row]!.file!.endsWith(`/${whole}`)) ?? [];
      if (longer.length === 1) return longer[0];
      // The file itself before its folders, and the longest path first.
      for (let end = named.length; end > 0; end--) {
        for (let start = Math.max(0, end - deepest); start < end; start++) {
          const found = paths.get(named.slice(start, end).join("/"));
          // The end of a path identifies a file; a folder needs its whole path, since "1" may be any series.
          if (found !== undefined && (start === 0 || end === named.length)) return found;
        }
      }
      return undefined;
    },
    ofBeginning(name) {
      const written = sameText(name);
      for (let length = Math.min(written.length, longestName); length > 0; length--) {
        const start = written.slice(0, length);
        const next = written[length] ?? "";
        // patient1 never takes patient12's files.
        const goesOn = (/\d/.test(next) && /\d$/.test(start)) || (/\p{L}/u.test(next) && /\p{L}$/u.test(start));
        const found = goesOn ? undefined : names.get(start);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** A whole number without leading zeros or a fraction of zeros, as spreadsheets write it; undefined for other names. */
export function numberOf(name: string): string | undefined {
  // Three zeros may as well be thousands: 1.000 is no 1.
  return /^0*(\d+?)([.,]0{0,2}|[.,]0{4,})?$/.exec(name)?.[1];
}
