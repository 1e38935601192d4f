// The label of a patient, or why there is none: rows of the CSV, folders of classes and the option must not contradict each
// other.
import { FedError } from "../../foundation/errors.ts";
import type { Label } from "./class-names.ts";
import type { Evidence, Person } from "./persons.ts";
import type { LabelRow } from "./row-labels.ts";
import type { Unit } from "./units.ts";

export interface LabelOptions {
  readonly rows: readonly LabelRow[] | undefined;
  readonly fallback?: Label | undefined;
  readonly rowsOverFolders?: boolean | undefined;
}

export type PatientLabel =
  | { readonly label: Label; readonly from: "row" | "folder" | "option" }
  | { readonly error: FedError; readonly from: undefined };

/** The label of a person, or why there is none. */
export function labelOfPerson(
  { units: own }: Person,
  about: Evidence & {
    units: readonly Unit[];
    doubts: ReadonlySet<string>;
    shared: ReadonlySet<number>;
    options: LabelOptions;
  },
): PatientLabel {
  const { units, readings, matches, doubts, shared, options } = about;
  const ofRows = new Set<Label>();
  const ofFolders = new Set<Label | "unclear">();
  for (const number of own) {
    const { id } = units[number]!;
    const matched = matches[number]!;
    if (matched === "contradicting") return patientUnclear("the rows of the CSV");
    if (matched.some(({ row }) => shared.has(row))) return patientUnclear("one row for several PatientIDs");
    if (id !== undefined && doubts.has(id)) return patientUnclear("folders and PatientIDs");
    for (const { row } of matched) {
      const { label } = options.rows![row]!;
      if (label === "missing") return refuse(new FedError("LABEL_MISSING", {}, { remedy: emptyRemedy }));
      if (label === "contradicting") return refuse(new FedError("LABELS_CONTRADICT", {}, { remedy: visitsRemedy }));
      ofRows.add(label);
    }
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

export const labelRemedy =
  "sort the patients into folders positive and negative, or give --labels FILE.csv with the columns patient and label, or folder and label (CT-0,negative) where folders are grades";
const rowRemedy = "add a row with the patient's PatientID, folder or file to the CSV of labels";

const emptyRemedy = "a row of the CSV has the patient and no label: write it there, or leave the patient out";
const visitsRemedy =
  "rows of the CSV give the patient both classes: leave one, or add a column StudyInstanceUID that says which visit is which";

/** @param why the readings that contradict each other */
export function patientUnclear(why: string): PatientLabel {
  return refuse(new FedError("PATIENT_UNCLEAR", { why }));
}

function refuse(error: FedError): PatientLabel {
  return { error, from: undefined };
}

function contradicting(isOfRow: boolean): FedError {
  const remedy = isOfRow
    ? "the CSV and the class folder differ: correct one of them, or give --labels-over-folders"
    : "the patient is in folders or rows of both classes: correct the archive, or, where an anonymiser gave several people one PatientID, give --patients-by folder";
  return new FedError("LABELS_CONTRADICT", {}, { remedy });
}
