// The useful files of an archive in as few groups as can be distinguished: files of one folder with the same patient and
// study are one unit. Patients are identified by units, of which there are about as many as series, not by files.
import { Column } from "./column.ts";
import type { ExaminedFiles } from "./examined-files.ts";
import type { FileList } from "./file-list.ts";
import { sameText } from "./label-rows.ts";
import type { RowIndex } from "./row-index.ts";

export interface Unit {
  readonly kind: "dicom" | "picture";
  /** Names of the folders above its files. */
  readonly folder: readonly string[];
  /** PatientID that stands for one person; undefined where there is none, or one that an anonymiser wrote. */
  readonly id: string | undefined;
  readonly studyUid: string;
  /** Of pictures: the beginning of the files' names, without the slice's number. */
  readonly stem: string;
  /**
   * Indices of the CSV's rows that name its files, its study or series, its accession number, or with which its files' names
   * begin; -1 for none.
   */
  readonly fileRow: number;
  readonly uidRow: number;
  readonly accessionRow: number;
  /** Of files whose accession number is no row's as it is written, in a CSV of accession numbers; else "". */
  readonly accession: string;
  readonly prefixRow: number;
  files: number;
}

export interface Units {
  readonly all: readonly Unit[];
  /** Number of the unit of each useful file, in the order of the files. */
  readonly ofFile: Column;
}

/** Names that anonymisers give to everybody. */
const placeholder =
  /^(anon[a-z]*([-_ ^][a-z]+)*|unknown|none|null|nil|n\/?a|no[-_ ^]?(name|id)|0+|x+|\*+|-+|\?+|\.+|de-?identi[a-z]+|removed|redacted|hidden|deleted|masked|empty|missing|undefined|default|patient|patient[-_ ^]?id|id|test|pseudonym[a-z]*|confidential|private|nobody|dummy|unbekannt(er)?([-_ ^]+patient)?|unbenannt|kein[-_ ^]+name|inconnue?|sans[-_ ^]+nom|descon(ocido|hecido|ocida|hecida)|sconosciut[oa]|sin[-_ ^]+nombre|onbekend|okand|ukjent|ukendt|nieznany|neznamy|bilinmiyor|n\.?n\.?|匿名|未知|неизвестно|аноним)$/i;

export function isPlaceholder(id: string): boolean {
  return id === "" || placeholder.test(id.normalize("NFKD").replace(/\p{M}/gu, ""));
}

/** @param ignoreIds if folders alone identify patients */
export function findUnits(
  files: FileList,
  examined: ExaminedFiles,
  rows: RowIndex | undefined,
  { ignoreIds }: { readonly ignoreIds: boolean },
): Units {
  const all: Unit[] = [];
  const numbers = new Map<string, number>();
  const ofFile = new Column("uint32");
  for (const file of examined) {
    const { parts } = files.at(file);
    const about = examined.at(file)!;
    const folder = parts.slice(0, -1);
    const name = parts.at(-1)!;
    const isDicom = about.kind === "dicom";
    const written = isDicom && !ignoreIds ? sameText(about.patientId) : "";
    const id = isPlaceholder(written) ? undefined : written;
    const studyUid = isDicom ? about.studyUid : "";
    const fileRow = rows?.ofPath(parts) ?? -1;
    const uidRow = isDicom ? (rows?.ofName(studyUid) ?? rows?.ofName(about.seriesUid) ?? -1) : -1;
    const accessionRow = isDicom ? (rows?.ofAccession(about.accessionNumber) ?? -1) : -1;
    const isNumbered = isDicom && accessionRow < 0 && rows?.rows[0]?.isAccession;
    const accession = isNumbered ? sameText(about.accessionNumber) : "";
    const prefixRow = rows?.ofBeginning(name) ?? -1;
    const stem = isDicom ? "" : prefixOf(name);
    const rowsOf = { fileRow, uidRow, accessionRow, accession, prefixRow };
    const key = JSON.stringify([about.kind, folder, id, studyUid, stem, ...Object.values(rowsOf)]);
    let number = numbers.get(key);
    if (number === undefined) {
      const own = { kind: about.kind, folder, id, studyUid, stem, ...rowsOf };
      number = all.push({ ...own, files: 0 }) - 1;
      numbers.set(key, number);
    }
    all[number]!.files++;
    ofFile.push(number);
  }
  return { all, ofFile };
}

/** patient12-slice-003.jpg belongs to patient12: what remains without the slice's number. */
export function prefixOf(name: string): string {
  const stem = name.replace(/\.[^.]*$/, "");
  return stem.replace(/[-_ ]+(slice|img|image|im|frame)?[-_ ]*\d+$/i, "") || stem;
}
