// Who has COVID-19, as archives say it: in the name of a folder, or in a CSV of one of several forms.
import { FedError } from "../../foundation/errors.ts";
import type { ListedFile } from "./file-list.ts";

export type Label = 0 | 1;

/** What the archive, and not the file itself, says of a file. */
export interface Labelled {
  readonly label: Label | undefined;
  readonly patient: string | undefined;
}

/** @param patientId of a DICOM file, as the file says it */
export type Labels = (file: Pick<ListedFile, "parts">, patientId?: string) => Labelled;

const positiveWords = new Set(["positive", "pos", "covid", "covid19"]);
const negativeWords = new Set(["negative", "neg", "noncovid", "nocovid", "non", "no", "normal", "healthy"]);
const plainWords = new Set(["ct", "19", "patient", "patients", "case", "cases", "scan", "scans", "image", "images"]);

/** What a class is called, in any spelling: CT_NonCOVID, non-covid, Negative, COVID-19 positive; 1 and 0 where `digits`. */
export function labelOfWord(text: string, { digits = false } = {}): Label | undefined {
  if (digits && /^[01]$/.test(text.trim())) return text.trim() === "1" ? 1 : 0;
  const words = text.toLowerCase().match(/[a-z]+\d*|\d+/g) ?? [];
  if (words.some((word) => !positiveWords.has(word) && !negativeWords.has(word) && !plainWords.has(word)))
    return undefined;
  if (words.some((word) => negativeWords.has(word))) return 0;
  return words.some((word) => positiveWords.has(word)) ? 1 : undefined;
}

/**
 * The class is the innermost folder with a class's name; the patient is the next folder, or the beginning of the file's
 * name. Folders called 1 and 0 are classes only where nothing else is, and both stand side by side.
 */
export function labelsFromFolders(files: Iterable<Pick<ListedFile, "parts">>): Labels {
  const folders = foldersOf(files);
  const hasWords = folders.some((parts) => parts.some((part) => labelOfWord(part) !== undefined));
  const depth = hasWords ? -1 : depthOfDigits(folders);
  return ({ parts }) => {
    const names = parts.slice(0, -1);
    const at = depth >= 0 ? depth : names.findLastIndex((part) => labelOfWord(part) !== undefined);
    const label = at < 0 ? undefined : labelOfWord(names[at] ?? "", { digits: depth >= 0 });
    if (label === undefined) return { label, patient: undefined };
    return { label, patient: names[at + 1] ?? prefixOf(parts.at(-1)!) };
  };
}

/** Names of each folder that holds files, once. */
function foldersOf(files: Iterable<Pick<ListedFile, "parts">>): (readonly string[])[] {
  const folders = new Map<string, readonly string[]>();
  for (const { parts } of files) {
    const names = parts.slice(0, -1);
    const path = names.join("/");
    if (!folders.has(path)) folders.set(path, names);
  }
  return [...folders.values()];
}

/** Depth at which all folders are called 1 or 0, both of them; -1 where there is none. */
function depthOfDigits(folders: readonly (readonly string[])[]): number {
  const deepest = folders.reduce((most, { length }) => Math.max(most, length), 0);
  for (let depth = 0; depth < deepest; depth++) {
    const names = new Set(folders.flatMap((parts) => (parts.length > depth ? [parts[depth]!] : [])));
    if (names.size === 2 && names.has("0") && names.has("1")) return depth;
  }
  return -1;
}

/** patient12-slice-003.jpg belongs to patient12: what remains without the slice's number. */
export function prefixOf(name: string): string {
  const stem = name.replace(/\.[^.]*$/, "");
  return stem.replace(/[-_ ]+(slice|img|image|im|frame)?[-_ ]*\d+$/i, "") || stem;
}

/**
 * A CSV with a header (patient, label, and perhaps file), or the source work's data_file.csv without one
 * (train|test, class, file name's beginning, slices).
 *
 * @throws {FedError} LABELS_MALFORMED, LABELS_CONTRADICT
 */
export function labelsFromCsv(text: string): Labels {
  const rows = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((line) => line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")))
    .filter((cells) => cells.some((cell) => cell !== ""));
  const header = (rows[0] ?? []).map((cell) => cell.toLowerCase());
  const column = (...names: string[]) => header.findIndex((cell) => names.includes(cell));
  const patientAt = column("patient", "patientid", "patient_id", "id");
  const labelAt = column("label", "class", "covid", "diagnosis");
  const fileAt = column("file", "filename", "path");
  if (patientAt >= 0 && labelAt >= 0) return readRows(rows.slice(1), { patientAt, labelAt, fileAt, firstRow: 2 });
  if (rows.length > 0 && rows.every(([split]) => /^(train|test|val|validation)$/i.test(split ?? ""))) {
    return readRows(rows, { patientAt: 2, labelAt: 1, fileAt: -1, firstRow: 1 });
  }
  const remedy = "the CSV needs a header with the columns patient and label, and one row a patient";
  throw new FedError("LABELS_MALFORMED", { rows: rows.length }, { remedy });
}

interface Columns {
  readonly patientAt: number;
  readonly labelAt: number;
  readonly fileAt: number;
  readonly firstRow: number;
}

function readRows(rows: readonly string[][], { patientAt, labelAt, fileAt, firstRow }: Columns): Labels {
  const patients = new Map<string, Label>();
  const files = new Map<string, string>();
  for (const [index, cells] of rows.entries()) {
    const row = index + firstRow;
    const patient = cells[patientAt] ?? "";
    const label = labelOfWord(cells[labelAt] ?? "", { digits: true });
    if (patient === "" || label === undefined) {
      const remedy = "write positive or negative, covid or noncovid, 1 or 0 for each patient";
      throw new FedError("LABELS_MALFORMED", { row }, { remedy });
    }
    if (patients.has(patient) && patients.get(patient) !== label) {
      throw new FedError("LABELS_CONTRADICT", { row }, { remedy: "give each patient one label" });
    }
    patients.set(patient, label);
    const file = fileAt < 0 ? "" : (cells[fileAt] ?? "");
    if (file !== "") files.set(file.replaceAll("\\", "/").replace(/^\.\//, ""), patient);
  }
  return ({ parts }, patientId) => {
    const patient =
      files.get(parts.join("/")) ??
      parts.slice(0, -1).findLast((part) => patients.has(part)) ??
      (patientId !== undefined && patients.has(patientId) ? patientId : longestPrefix(parts.at(-1)!, patients));
    return { label: patient === undefined ? undefined : patients.get(patient), patient };
  };
}

/** patient1 never takes patient12's files: what follows the name must not go on with its number or word. */
function longestPrefix(name: string, patients: ReadonlyMap<string, Label>): string | undefined {
  for (let length = name.length; length > 0; length--) {
    const start = name.slice(0, length);
    const next = name[length] ?? "";
    const goesOn = (/\d/.test(next) && /\d$/.test(start)) || (/[a-z]/i.test(next) && /[a-z]$/i.test(start));
    if (!goesOn && patients.has(start)) return start;
  }
  return undefined;
}
