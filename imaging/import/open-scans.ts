// The patients of a folder or zip whose scans are looked at or scored: chosen, ordered and turned upright as in an import;
// nothing is written.
import { FedError } from "../../foundation/errors.ts";
import type { DicomSource } from "../dicom/decode-messages.ts";
import { openDecodePool } from "../dicom/decode-pool.ts";
import { readStack, type Stack } from "../series/read-stack.ts";
import { noSeriesError, type SeriesCandidate, selectSeries } from "../series/select.ts";
import { examine } from "../source/examine.ts";
import { openExaminedFiles } from "../source/examined-files.ts";
import { openArchive } from "../source/listing.ts";
import { isPlaceholder } from "../source/units.ts";

/** A patient with DICOM files: by PatientID or, where the files have none that stands for a person, by study. */
export interface FoundPatient {
  /** Raw PatientID; "" where there is none. */
  readonly patientId: string;
  /** Names of the folders that hold all of the patient's files. */
  readonly folder: readonly string[];
  /** Whether files of other patients lie in that folder as well. */
  readonly isShared: boolean;
  /** Places in the listing. */
  readonly files: readonly number[];
}

export interface FoundScan {
  readonly stack: Stack;
  readonly chosen: SeriesCandidate;
}

export interface OpenScans {
  /** Those with the most files first. */
  readonly patients: readonly FoundPatient[];
  /** Files in the source, of any kind. */
  readonly files: number;
  /** Uses one file of the source. */
  use(file: number, work: (source: DicomSource) => Promise<void>): Promise<void>;
  /**
   * Reads the best series of a patient that can be decoded, and that `work` does not refuse: a damaged one, or one of the head,
   * does not cost a patient who has another.
   *
   * @throws NO_CHEST_SERIES, SERIES_DAMAGED, and what `work` throws for the best series
   */
  read<Result>(patient: FoundPatient, work: (scan: FoundScan) => Result): Promise<Result>;
  close(): Promise<void>;
}

/** Above it, pixels are averaged while they are read: the volume must fit into memory more than once. */
const mostVoxels = 2 ** 27;
const coarsePixelMm = 1.5;
/** A single slice can be looked at, and scored. */
const options = { minSlices: 1 };

/** @throws those of openArchive, ARCHIVE_NO_CT, and what `signal` throws */
export async function openScans(
  source: string,
  { password, signal }: { password?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<OpenScans> {
  const { files, close } = await openArchive(source, { password });
  const pool = openDecodePool();
  const closeAll = async () => {
    await pool.close();
    await close();
  };
  try {
    const examined = openExaminedFiles();
    for await (const one of examine(files, pool, signal)) {
      if (one.kind === "dicom") examined.addDicom(one.file, one.instance);
    }
    const patients = findPatients(examined, (file) => files.at(file).parts.slice(0, -1));
    if (patients.length === 0) {
      const remedy = "give a folder or zip with the DICOM files of a CT scan";
      throw new FedError("ARCHIVE_NO_CT", { files: files.length }, { remedy });
    }
    const use: OpenScans["use"] = (file, work) => files.at(file).use(work);
    return {
      patients,
      files: files.length,
      use,
      async read(patient, work) {
        const selection = selectSeries(patient.files.map(examined.headerOf), options);
        let failure: unknown;
        for (const chosen of selection.candidates) {
          const { rows, columns } = chosen.files[0]!.instance;
          const pixelMm = chosen.order.frames.length * rows * columns > mostVoxels ? coarsePixelMm : 0;
          try {
            return work({ chosen, stack: await readStack(chosen, use, { pool, pixelMm, ...(signal && { signal }) }) });
          } catch (error) {
            signal?.throwIfAborted();
            failure ??= error;
          }
        }
        throw failure ?? noSeriesError(selection, options);
      },
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

type Examined = Pick<ReturnType<typeof openExaminedFiles>, "at"> & Iterable<number>;

function findPatients(examined: Examined, folderOf: (file: number) => readonly string[]): FoundPatient[] {
  const idsOfStudies = new Map<string, Set<string>>();
  const dicom = [...examined].flatMap((file) => {
    const about = examined.at(file);
    if (about?.kind !== "dicom") return [];
    const { studyUid } = about;
    const id = isPlaceholder(about.patientId.trim()) ? "" : about.patientId.trim();
    if (id !== "") idsOfStudies.set(studyUid, (idsOfStudies.get(studyUid) ?? new Set()).add(id));
    return [{ file, id, studyUid, folder: folderOf(file) }];
  });
  const groups = new Map<string, { id: string; members: typeof dicom }>();
  for (const one of dicom) {
    // Files without a PatientID belong to the one patient of their study.
    const ofStudy = idsOfStudies.get(one.studyUid);
    const id = one.id || (ofStudy?.size === 1 ? [...ofStudy][0]! : "");
    const key = id === "" ? `study ${one.studyUid}` : `id ${id}`;
    const group = groups.get(key) ?? { id, members: [] };
    groups.set(key, group);
    group.members.push(one);
  }
  /** How many patients have files in or below a folder. */
  const patientsBelow = new Map<string, number>();
  for (const { members } of groups.values()) {
    const paths = new Set(members.flatMap(({ folder }) => folder.map((_, end) => folder.slice(0, end + 1).join("/"))));
    for (const path of paths.add("")) patientsBelow.set(path, (patientsBelow.get(path) ?? 0) + 1);
  }
  return [...groups.values()]
    .map(({ id, members }): FoundPatient => {
      const folder = members.map((one) => one.folder).reduce(commonBeginning);
      const isShared = patientsBelow.get(folder.join("/"))! > 1;
      return { patientId: id, folder, isShared, files: members.map(({ file }) => file) };
    })
    .sort((a, b) => b.files.length - a.files.length);
}

function commonBeginning(one: readonly string[], other: readonly string[]): readonly string[] {
  const end = one.findIndex((name, depth) => name !== other[depth]);
  return end < 0 ? one : one.slice(0, end);
}
