// Whose files are whose: by what the archive says, by what the DICOM files say, and by both together, so that no patient
// comes under two names and none gets another's files.
import { FedError } from "../../foundation/errors.ts";
import type { Pseudonyms } from "../shard/pseudonyms.ts";
import { type QuarantineEntry, quarantineEntry } from "../shard/quarantine.ts";
import { Column } from "./column.ts";
import type { ExaminedFiles, UsefulFile } from "./examined-files.ts";
import type { FileList, ListedFile } from "./file-list.ts";
import type { Label, Labels } from "./labels.ts";

export interface PatientFiles {
  /** Keyed hash. */
  readonly patient: string;
  readonly label: Label;
  /** Places in the listing, ascending. */
  readonly dicom: readonly number[];
  readonly pictures: readonly number[];
}

const placeholder = /^(|anon.*|unknown|none|null|n\/?a|0+|x+|de-?identified|removed)$/i;
/** An id that so many patients of the archive share is none. */
const mostNamesOfOneId = 2;

interface Group {
  readonly said: Set<Label>;
  readonly dicom: number[];
  readonly pictures: number[];
}

/**
 * Groups files by patient, in the order of the pseudonyms.
 *
 * @param fallback label of patients of whom nothing else tells it
 * @throws {FedError} LABELS_MISSING where no patient has a label
 */
export function groupPatients(
  files: FileList,
  examined: ExaminedFiles,
  { labels, pseudonyms, fallback }: { labels: Labels; pseudonyms: Pseudonyms; fallback?: Label | undefined },
): { readonly patients: readonly PatientFiles[]; readonly quarantined: readonly QuarantineEntry[] } {
  const told = tell(files, examined, labels);
  const groups = new Map<string, Group>();
  let index = 0;
  for (const file of examined) {
    const { name, label } = told(index++);
    const group = groups.get(name) ?? { said: new Set(), dicom: [], pictures: [] };
    groups.set(name, group);
    if (label !== undefined) group.said.add(label);
    (examined.at(file)!.kind === "dicom" ? group.dicom : group.pictures).push(file);
  }
  const patients: PatientFiles[] = [];
  const quarantined: QuarantineEntry[] = [];
  for (const [key, { said, dicom, pictures }] of groups) {
    const patient = pseudonyms.of("patient", key);
    const label = said.size === 0 ? fallback : [...said][0];
    if (said.size > 1 || label === undefined) {
      const error = said.size > 1 ? contradicting() : unlabelled();
      quarantined.push(quarantineEntry(error, { what: "scan", patient, files: dicom.length + pictures.length }));
      continue;
    }
    patients.push({ patient, label, dicom, pictures });
  }
  if (patients.length === 0 && quarantined.every(({ code }) => code === "LABEL_MISSING")) {
    throw new FedError("LABELS_MISSING", { patients: groups.size }, { remedy: labelRemedy });
  }
  return { patients: patients.sort((a, b) => (a.patient < b.patient ? -1 : 1)), quarantined };
}

const labelRemedy =
  "sort the patients into folders positive and negative, or give --labels FILE.csv with the columns patient and label";

function unlabelled(): FedError {
  return new FedError("LABEL_MISSING", {}, { remedy: labelRemedy });
}

function contradicting(): FedError {
  const remedy = "the patient is in folders of both classes, or two names share one PatientID: correct the archive";
  return new FedError("LABELS_CONTRADICT", {}, { remedy });
}

/** Of each useful file, the name that stands for its patient, and the label that the archive gives it. */
function tell(
  files: FileList,
  examined: ExaminedFiles,
  labels: Labels,
): (index: number) => { name: string; label: Label | undefined } {
  const words = openWords();
  // A name and a label a file: labels are 0 and 1, and 2 where there is none; the empty word is no name.
  const [named, labelled] = [new Column("uint32"), new Column("uint32")];
  const namesOfId = new Map<string, Set<number>>();
  for (const file of examined) {
    const about = examined.at(file)!;
    const patientId = about.kind === "dicom" ? about.patientId : undefined;
    const { patient, label } = labels(files.at(file), patientId);
    const name = words.numberOf(patient === undefined ? "" : `name/${patient}`);
    named.push(name);
    labelled.push(label ?? 2);
    if (patientId !== undefined && patient !== undefined)
      namesOfId.set(patientId, (namesOfId.get(patientId) ?? new Set()).add(name));
  }
  // Anonymisers give everybody the same id: such a one joins nobody.
  const isId = (id: string) => !placeholder.test(id.trim()) && (namesOfId.get(id)?.size ?? 0) <= mostNamesOfOneId;
  const names = new Names();
  const keyed = new Column("uint32");
  let index = 0;
  for (const file of examined) {
    const about = examined.at(file)!;
    const id = about.kind === "dicom" && isId(about.patientId) ? `id/${about.patientId}` : undefined;
    const name = words.at(named.at(index++)) || undefined;
    if (name && id) names.join(name, id);
    keyed.push(words.numberOf(name ?? id ?? namelessKey(files.at(file), about)));
  }
  return (at) => {
    const label = labelled.at(at);
    return { name: names.find(words.at(keyed.at(at))), label: label === 2 ? undefined : (label as Label) };
  };
}

/** Words by numbers, the empty one by 0. */
function openWords(): { numberOf(word: string): number; at(number: number): string } {
  const words = [""];
  const numbers = new Map([["", 0]]);
  return {
    numberOf(word) {
      const number = numbers.get(word) ?? words.push(word) - 1;
      numbers.set(word, number);
      return number;
    },
    at: (number) => words[number]!,
  };
}

/** Without any name, the outermost folder is taken for the patient's, or else the study. */
function namelessKey({ parts }: ListedFile, about: UsefulFile): string {
  if (parts.length > 1) return `folder/${parts[0]}`;
  return about.kind === "dicom" ? `study/${about.studyUid}` : `picture/${parts[0]}`;
}

/** Names that mean the same patient: union-find, the smaller name stands for both. */
class Names {
  readonly #parents = new Map<string, string>();

  find(name: string): string {
    let root = name;
    for (let parent = this.#parents.get(root); parent !== undefined; parent = this.#parents.get(root)) root = parent;
    return root;
  }

  join(a: string, b: string): void {
    const [one, other] = [this.find(a), this.find(b)].sort() as [string, string];
    if (one !== other) this.#parents.set(other, one);
  }
}
