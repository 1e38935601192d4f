// Whose files are whose: by what the archive says, by what the DICOM files say, and by both together, so that no patient
// comes under two names and none gets another's files.
import { FedError } from "../../protocol/errors.ts";
import type { ExaminedFile } from "../series/select.ts";
import type { Examined } from "./examine.ts";
import type { Label, Labels } from "./labels.ts";
import type { ListedFile } from "./listing.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import { type QuarantineEntry, quarantineEntry } from "./quarantine.ts";

export interface PatientFiles {
  /** Keyed hash. */
  readonly patient: string;
  readonly label: Label;
  readonly dicom: readonly ExaminedFile[];
  /** Places in the listing, in natural order of their names. */
  readonly pictures: readonly number[];
}

type Useful = Extract<Examined, { kind: "dicom" | "picture" }>;

const placeholder = /^(|anon.*|unknown|none|null|n\/?a|0+|x+|de-?identified|removed)$/i;
/** An id that so many patients of the archive share is none. */
const mostNamesOfOneId = 2;

/**
 * Groups files by patient, in the order of the pseudonyms.
 *
 * @param fallback label of patients of whom nothing else tells it
 * @throws {FedError} LABELS_MISSING where no patient has a label
 */
export function groupPatients(
  files: readonly ListedFile[],
  examined: readonly Useful[],
  { labels, pseudonyms, fallback }: { labels: Labels; pseudonyms: Pseudonyms; fallback?: Label | undefined },
): { readonly patients: readonly PatientFiles[]; readonly quarantined: readonly QuarantineEntry[] } {
  const told = examined.map((one) => {
    const patientId = one.kind === "dicom" ? one.instance.patientId : undefined;
    return { one, ...labels(files[one.file]!, patientId) };
  });
  const isId = trustedIds(told);
  const names = new Names();
  const nameOf = told.map(({ one, patient }) => {
    const id = one.kind === "dicom" && isId(one.instance.patientId) ? `id/${one.instance.patientId}` : undefined;
    const name = patient === undefined ? undefined : `name/${patient}`;
    if (name && id) names.join(name, id);
    return name ?? id ?? namelessKey(files[one.file]!, one);
  });
  const groups = new Map<string, typeof told>();
  for (const [index, each] of told.entries()) {
    const key = names.find(nameOf[index]!);
    const group = groups.get(key);
    if (group) group.push(each);
    else groups.set(key, [each]);
  }
  const patients: PatientFiles[] = [];
  const quarantined: QuarantineEntry[] = [];
  for (const [key, group] of groups) {
    const patient = pseudonyms.of("patient", key);
    const said = new Set(group.flatMap(({ label }) => (label === undefined ? [] : [label])));
    const label = said.size === 0 ? fallback : [...said][0];
    if (said.size > 1 || label === undefined) {
      const error = said.size > 1 ? contradicting() : unlabelled();
      quarantined.push(quarantineEntry(error, { what: "scan", patient, files: group.length }));
      continue;
    }
    const dicom = group.flatMap(({ one }) =>
      one.kind === "dicom" ? [{ file: one.file, instance: one.instance }] : [],
    );
    const pictures = group.flatMap(({ one }) => (one.kind === "picture" ? [one.file] : []));
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

/** Anonymisers give everybody the same id: such a one joins nobody. */
function trustedIds(told: readonly { one: Useful; patient: string | undefined }[]): (id: string) => boolean {
  const namesOf = new Map<string, Set<string>>();
  for (const { one, patient } of told) {
    if (one.kind !== "dicom" || patient === undefined) continue;
    const { patientId } = one.instance;
    namesOf.set(patientId, (namesOf.get(patientId) ?? new Set()).add(patient));
  }
  return (id) => !placeholder.test(id.trim()) && (namesOf.get(id)?.size ?? 0) <= mostNamesOfOneId;
}

/** Without any name, the outermost folder is taken for the patient's, or else the study. */
function namelessKey({ parts }: ListedFile, one: Useful): string {
  if (parts.length > 1) return `folder/${parts[0]}`;
  return one.kind === "dicom" ? `study/${one.instance.studyUid}` : `picture/${parts[0]}`;
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
