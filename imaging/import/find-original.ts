// The way back from a keyed hash in a report to the files it stands for: only at the hospital, where key and archive are.
import { FedError } from "../../foundation/errors.ts";
import { openDecodePool } from "../dicom/decode-pool.ts";
import { pseudonymsOf, readPseudonymKey } from "../shard/pseudonyms.ts";
import { openExaminedFiles } from "../source/examined-files.ts";
import { groupPatients } from "../source/group-patients.ts";
import type { ImageServer } from "../source/image-server.ts";
import { openSource } from "../source/open-source.ts";
import { readLabels } from "../source/read-labels.ts";
import { fileName } from "./normalise-patient.ts";

export interface FindOptions {
  readonly keyFile: string;
  readonly labels?: string | undefined;
  readonly password?: string | undefined;
  readonly maxStudies?: number | undefined;
  readonly patientsBy?: "id" | "folder" | undefined;
}

/**
 * Paths within the archive of the file, or of the files of the series or patient. They may name a patient: they are for the
 * terminal of the person who asked, and nothing else.
 *
 * @param wanted a keyed hash, or the number of a file in the archive's natural order
 * @throws HASH_UNKNOWN, KEY_NOT_FOUND, and those of openSource and readLabels
 */
export async function findOriginal(
  place: string | ImageServer,
  wanted: string,
  options: FindOptions,
): Promise<string[]> {
  const opening = openSource(place, options);
  let step = await opening.next();
  while (!step.done) step = await opening.next();
  const { files, examine, close } = step.value;
  const pool = openDecodePool();
  const pathOf = (file: number) => files.at(file).parts.join("/");
  const unknown = () => {
    const remedy = "give the archive and the key file of the import that reported the hash";
    return new FedError("HASH_UNKNOWN", { hash: wanted, files: files.length }, { remedy });
  };
  try {
    if (isNumber(wanted)) {
      if (Number(wanted) < 1 || Number(wanted) > files.length) throw unknown();
      return [pathOf(Number(wanted) - 1)];
    }
    const key = await readPseudonymKey(options.keyFile);
    if (!key) throw new FedError("KEY_NOT_FOUND", {}, { remedy: "give the import's --key or --out" });
    const pseudonyms = pseudonymsOf(key);
    for (const file of files) if (fileName(file, pseudonyms) === wanted) return [file.parts.join("/")];
    const examined = openExaminedFiles();
    const ofSeries: number[] = [];
    for await (const one of examine(pool)) {
      if (one.kind === "picture") examined.addPicture(one.file);
      if (one.kind !== "dicom") continue;
      examined.addDicom(one.file, one.instance);
      if (pseudonyms.of("series", one.instance.seriesUid) === wanted) ofSeries.push(one.file);
    }
    if (ofSeries.length > 0) return ofSeries.map(pathOf);
    const { rows } = await readLabels(files, options.labels);
    // Which label a patient has does not matter here.
    const { patientsBy } = options;
    const grouping = groupPatients(files, examined, { rows, pseudonyms, fallback: 0, patientsBy });
    const patient = [...grouping.patients, ...grouping.refused].find((one) => one.patient === wanted);
    if (patient) return [...patient.dicom, ...patient.pictures].map(pathOf);
    throw unknown();
  } finally {
    await pool.close();
    await close();
  }
}

/** A hash has 16 digits. */
function isNumber(wanted: string): boolean {
  return /^\d{1,9}$/.test(wanted);
}
