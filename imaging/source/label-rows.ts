// A CSV of labels as hospitals write them: by hand, by a spreadsheet in any country, or by a program.
import { CsvError, parse } from "csv-parse/sync";
import { FedError } from "../../foundation/errors.ts";
import { labelOfCell } from "./class-names.ts";
import { isEmptyLabel, type LabelRow, labelRemedy, settleLabels, type WrittenRow } from "./row-labels.ts";

const uidColumns = ["studyinstanceuid", "studyuid", "seriesinstanceuid", "seriesuid"];
const accessionColumns = ["accessionnumber", "accession"];
const patientColumns = ["patientid", "patient", "pid", "mrn", "subjectid", "subject", "caseid", "case"].concat([
  ...["patientnumber", "patientno", "patientnr", "patientennummer", "patientenid", "idpatient", "idpaciente"],
  ...["casenumber", "caseno", "fallnummer"],
  ...uidColumns.slice(0, 2),
  ...accessionColumns,
  ...uidColumns.slice(2),
  "id",
]);
const labelColumns = [
  "label",
  "labels",
  "class",
  "covid",
  "covid19",
  "diagnosis",
  "result",
  "finding",
  "status",
].concat([
  ...["covidstatus", "covid19status", "covidlabel", "pcr", "pcrresult", "rtpcr", "groundtruth", "target", "category"],
  ...["diagnose", "befund", "ergebnis", "diagnostic", "resultat", "diagnostico", "resultado", "diagnosi", "risultato"],
]);
/** Columns that say nothing else than which class: two of them must not contradict each other. */
const certainLabelColumns = [
  "label",
  "labels",
  "covid",
  "covid19",
  "covidstatus",
  "covid19status",
  "covidlabel",
].concat([...["pcr", "pcrresult", "rtpcr", "groundtruth"]]);
const fileColumns = ["file", "filename", "filepath", "path", "image", "imagepath", "folder", "foldername", "directory"];
const delimiters = [",", ";", "\t", "|"];
/** A row may hold a report. */
const longestCell = 1_000_000;

/**
 * Reads a CSV with a header (patient or file, and label; other columns are ignored), or the source work's data_file.csv
 * without one (train|test, class, beginning of the file's name, slices).
 *
 * @throws LABELS_MALFORMED, LABELS_CONTRADICT
 */
export function readLabelRows(bytes: Uint8Array): LabelRow[] {
  if (isWorkbook(bytes)) {
    throw new FedError("LABELS_MALFORMED", {}, { remedy: "this is a spreadsheet's own file: save it as CSV" });
  }
  const { text, decodings } = decoded(bytes);
  const separator = /^\s*"?sep=(.)"?\s*\r?\n/i.exec(text);
  const body = separator ? text.slice(separator[0].length) : text;
  const tried = separator ? [separator[1]!] : delimiters;
  let rows = 0;
  let failure: unknown;
  for (const delimiter of tried) {
    try {
      const records = parse(body, {
        ...{ delimiter, relax_column_count: true, relax_quotes: true, trim: true },
        max_record_size: longestCell,
      });
      rows ||= records.filter((cells) => cells.some((cell) => cell !== "")).length;
      const columns = columnsOf(records);
      if (columns) return rowsOf(records, columns, decodings);
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      failure ??= error;
    }
  }
  const remedy = "the CSV needs a header with the columns patient (or file) and label, and one row a patient";
  throw new FedError("LABELS_MALFORMED", { rows }, { cause: failure, remedy });
}

/** A zip (xlsx, ods), or a compound file (xls). */
function isWorkbook(bytes: Uint8Array): boolean {
  return ["504b0304", "d0cf11e0"].includes(Buffer.from(bytes.subarray(0, 4)).toString("hex"));
}

interface Columns {
  readonly patientAt: number;
  readonly isAccession: boolean;
  /** UIDs beside the patients' names; -1 for none. */
  readonly uidAt: number;
  readonly labelAt: number;
  /** Further columns of labels. */
  readonly otherLabelsAt: readonly number[];
  readonly fileAt: number;
  /** Further columns of the same names as those of the patient and the file. */
  readonly repeatedAt: readonly { readonly at: number; readonly as: number }[];
  /** Index of the first row that is no header. */
  readonly first: number;
}

/** A spreadsheet may have a title, a date and a note above its table. */
const mostAboveHeader = 8;

function columnsOf(records: readonly string[][]): Columns | undefined {
  const filledAt = [...records.keys()].filter((index) => records[index]!.some((cell) => cell !== ""));
  for (const at of filledAt.slice(0, mostAboveHeader)) {
    const columns = columnsOfHeader(records[at]!, at);
    if (columns) return columns;
  }
  const filled = filledAt.map((at) => records[at]!);
  const isDataFile = filled.every(
    (cells) => cells.length >= 3 && /^(train|test|val|validation)$/i.test(unwrapped(cells[0]!)),
  );
  return filled.length > 0 && isDataFile
    ? {
        patientAt: 2,
        isAccession: false,
        uidAt: -1,
        labelAt: 1,
        otherLabelsAt: [],
        fileAt: -1,
        repeatedAt: [],
        first: 0,
      }
    : undefined;
}

function columnsOfHeader(cells: readonly string[], at: number): Columns | undefined {
  const header = cells.map((cell) =>
    withoutNote(unwrapped(cell))
      .normalize("NFKD")
      .toLowerCase()
      .replace(/[^a-z0-9]/g, ""),
  );
  // The most specific name counts: "id" is a running number where there is a column PatientID.
  const columnOf = (names: readonly string[]) =>
    header.indexOf(names.find((name) => header.includes(name)) ?? "no such column");
  const labelAt = columnOf(labelColumns);
  const patientAt = columnOf(patientColumns);
  const uidAt = columnOf(uidColumns);
  const fileAt = columnOf(fileColumns);
  const repeatedAt = [patientAt, uidAt, fileAt].flatMap((as) =>
    as < 0
      ? []
      : [...header.keys()].flatMap((one) => (one !== as && header[one] === header[as] ? [{ at: one, as }] : [])),
  );
  const columns = {
    otherLabelsAt: [...header.keys()].filter((one) => one !== labelAt && certainLabelColumns.includes(header[one]!)),
    patientAt,
    uidAt: uidAt === patientAt ? -1 : uidAt,
    isAccession: accessionColumns.includes(header[patientAt] ?? ""),
    labelAt,
    fileAt,
    repeatedAt,
  };
  return labelAt >= 0 && Math.max(columns.patientAt, columns.fileAt) >= 0 ? { ...columns, first: at + 1 } : undefined;
}

/**
 * A column's name without what is said of its values behind it, "COVID (1 = yes, 0 = no)"; the whole where this turns them
 * round or is not understood.
 */
function withoutNote(name: string): string {
  const [, before, note] = /^(.*\S)\s*[([](.*)[)\]]$/s.exec(name) ?? [];
  if (before === undefined || note === undefined) return name;
  const words = note.match(/[\p{L}+-]+|\d+/gu) ?? [];
  const classes = words.filter((word) => !/^\d/.test(word)).map(labelOfCell);
  const digits = words.filter((word) => /^\d/.test(word)).map(Number);
  const named = classes.filter((label) => label !== undefined);
  if (digits.length === 0) return named.length > 0 && !named.includes(1) ? name : before;
  const isPlain = classes.length === 0 && digits.every((digit) => digit <= 1);
  // As many numbers as classes, each the number of the class beside it.
  const isSame = named.length === classes.length && JSON.stringify(named) === JSON.stringify(digits);
  return isPlain || isSame ? before : name;
}

function rowsOf(
  records: readonly string[][],
  { patientAt, uidAt, isAccession, labelAt, otherLabelsAt, fileAt, repeatedAt, first }: Columns,
  decodings: readonly ((text: string) => string)[],
): LabelRow[] {
  const rows: WrittenRow[] = [];
  for (const [index, cells] of records.entries()) {
    if (index < first || cells.every((cell) => cell === "")) continue;
    const row = index + 1;
    const cell = (at: number) => unwrapped(cells[at] ?? "");
    if (repeatedAt.some(({ at, as }) => cell(at) !== "" && cell(at) !== cell(as))) {
      const remedy = "two columns of one name say different things: leave the right one";
      throw new FedError("LABELS_MALFORMED", { row, column: "patient" }, { remedy });
    }
    const written = decodings[0]!(cell(labelAt));
    const label = labelOfCell(written);
    const file = normalPath(decodings[0]!(cell(fileAt)));
    const patients = [...new Set(decodings.map((decode) => sameText(decode(cell(patientAt)))))].filter(Boolean);
    if (patients.length === 0 && file === "") {
      const facts = { row, column: patientAt >= 0 ? "patient" : "file" };
      throw new FedError("LABELS_MALFORMED", facts, { remedy: "name the patient or the file in each row" });
    }
    if (label === undefined && !isEmptyLabel(written))
      throw new FedError("LABELS_MALFORMED", { row, column: "label" }, { remedy: labelRemedy });
    const others = otherLabelsAt.map((at) => labelOfCell(decodings[0]!(cell(at))));
    if (others.some((other) => other !== undefined && other !== label)) {
      const remedy = "two columns of labels differ: leave only one of them in the CSV, or rename the other";
      throw new FedError("LABELS_CONTRADICT", { row }, { remedy });
    }
    const named = { row, patients, file: file || undefined, ...(isAccession && { isAccession }) };
    rows.push({ ...named, said: label, uid: sameText(cell(uidAt)) });
  }
  return settleLabels(rows);
}

/** Characters without width that come with copied text: a mark of byte order, joiners. */
const invisible = /\u200b|\u200c|\u200d|\u2060|\ufeff/g;

/** One text for all spellings of the same characters, so that names compare. */
export function sameText(text: string): string {
  return text.normalize("NFC").replace(invisible, "").trim().replace(/\s+/g, " ");
}

function normalPath(text: string): string {
  return sameText(text)
    .replaceAll("\\", "/")
    .replace(/^(\.?\/)+/, "")
    .replace(/\/+$/, "");
}

/** Spreadsheets write ="001", or '001 where the cell is text, to keep leading zeros. */
function unwrapped(cell: string): string {
  return cell
    .trim()
    .replace(/^'(?=\d[^']*$)/, "")
    .replace(/^="(.*)"$/s, "$1")
    .replace(/^"(.*)"$/s, "$1")
    .trim();
}

/** Of spreadsheets that do not write Unicode. The first one is that of labels and paths. */
const characterSets = ["windows-1252", "gb18030", "shift_jis", "euc-kr", "big5"].concat(
  ["windows-1250", "windows-1251", "windows-1253", "windows-1254", "windows-1255", "windows-1256"],
  ["windows-874"],
);

/**
 * The text, and what its cells may mean: a spreadsheet that does not write Unicode writes its country's character set, and
 * the bytes do not say which.
 */
function decoded(bytes: Uint8Array): { text: string; decodings: readonly ((text: string) => string)[] } {
  const asIs = [(text: string) => text];
  const [a, b] = bytes;
  if (a === 0xff && b === 0xfe) return { text: new TextDecoder("utf-16le").decode(bytes), decodings: asIs };
  if (a === 0xfe && b === 0xff) return { text: new TextDecoder("utf-16be").decode(bytes), decodings: asIs };
  // Without a mark, every second byte of Western UTF-16 is zero.
  if (bytes.length > 3 && a !== 0 && b === 0)
    return { text: new TextDecoder("utf-16le").decode(bytes), decodings: asIs };
  if (bytes.length > 3 && a === 0 && b !== 0)
    return { text: new TextDecoder("utf-16be").decode(bytes), decodings: asIs };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), decodings: asIs };
  } catch {
    const decodings = characterSets.map(
      (name) => (text: string) => new TextDecoder(name).decode(Buffer.from(text, "latin1")),
    );
    // Separators and quotes have the same bytes in all of these sets.
    return { text: Buffer.from(bytes).toString("latin1"), decodings };
  }
}
