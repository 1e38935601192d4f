// What the rows of a CSV say together about each patient: a patient without a label, or with labels of both classes, is left
// out by name, and costs nobody else.
import { FedError } from "../../foundation/errors.ts";
import type { Label } from "./class-names.ts";

/** Missing: no row of the patient may be taken for another one's. Contradicting: rows of the patient name both classes. */
export type RowLabel = Label | "missing" | "contradicting";

interface NamedRow {
  /** Number of the row as a spreadsheet shows it. */
  readonly row: number;
  /** Name of the patient in each character set that the CSV may be written in; empty where the row names a file only. */
  readonly patients: readonly string[];
  /** Path of a file or folder, with slashes. */
  readonly file: string | undefined;
  /** Whether the patients' names are accession numbers: a PatientID can be the same number. */
  readonly isAccession?: boolean;
}

export interface LabelRow extends NamedRow {
  readonly label: RowLabel;
}

/** A row as it is written. */
export interface WrittenRow extends NamedRow {
  /** Undefined where the cell is empty, or says that nothing is known. */
  readonly said: Label | undefined;
  /** UID of a study or series in a column beside the patient's; "" where there is none. */
  readonly uid: string;
}

const noLabelYet = /^(n\/?a|nan|null|\?+|unknown|pending|unbekannt|ausstehend|inconnue?|desconocido|sconosciuto)?$/i;

/** Whether a cell that is no label is empty, or a program's or a person's word for empty. */
export function isEmptyLabel(cell: string): boolean {
  return noLabelYet.test(cell);
}

/**
 * The rows with what counts as their label. Visits of both classes are told apart by their UIDs: then such a row is about its
 * study or series alone.
 *
 * @throws LABELS_MALFORMED, LABELS_CONTRADICT where no row has a label that counts
 */
export function settleLabels(written: readonly WrittenRow[]): LabelRow[] {
  const ofPatients = saidOf(written);
  const isOfVisit = (row: WrittenRow) => row.uid !== "" && isOfBothClasses(ofPatients.get(nameOf(row))!);
  const visits = written.filter(isOfVisit).map((row) => ({ ...row, patients: [row.uid] }));
  const ofVisits = saidOf(visits);
  const rows = written.map((row): LabelRow => {
    const { said: _, uid, ...named } = row;
    if (isOfVisit(row)) return { ...named, patients: [uid], label: together(ofVisits.get(uid)!) };
    return { ...named, label: together(ofPatients.get(nameOf(row))!) };
  });
  if (rows.length > 0 && rows.every(({ label }) => typeof label === "string")) refuseAll(written);
  return rows;
}

function nameOf({ patients, file }: Omit<NamedRow, "row">): string {
  return patients[0] ?? `file ${file}`;
}

function saidOf(rows: readonly WrittenRow[]): Map<string, Set<Label | undefined>> {
  const said = new Map<string, Set<Label | undefined>>();
  for (const row of rows) said.set(nameOf(row), (said.get(nameOf(row)) ?? new Set()).add(row.said));
  return said;
}

function together(labels: ReadonlySet<Label | undefined>): RowLabel {
  if (isOfBothClasses(labels)) return "contradicting";
  const [label] = labels;
  return labels.has(undefined) ? "missing" : label!;
}

function isOfBothClasses(labels: ReadonlySet<Label | undefined>): boolean {
  return labels.has(0) && labels.has(1);
}

function refuseAll(rows: readonly WrittenRow[]): never {
  const first = new Map<string, Label>();
  for (const { said, ...row } of rows) {
    if (said === undefined) continue;
    if ((first.get(nameOf(row)) ?? said) !== said)
      throw new FedError("LABELS_CONTRADICT", { row: row.row }, { remedy: "give each patient one label" });
    first.set(nameOf(row), said);
  }
  throw new FedError("LABELS_MALFORMED", { row: rows[0]!.row, column: "label" }, { remedy: labelRemedy });
}

/** For a label that is not understood. */
export const labelRemedy = "write positive or negative, covid or noncovid, 1 or 0 for each patient";
