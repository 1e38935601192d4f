// The way back from a keyed hash in a report to the files it stands for: only at the hospital, where key and archive are.
import { FedError } from "../../foundation/errors.ts";
import { openDecodePool } from "../dicom/decode-pool.ts";
import { pseudonymsOf, readPseudonymKey } from "../shard/pseudonyms.ts";
import { examine } from "../source/examine.ts";
import { openExaminedFiles } from "../source/examined-files.ts";
import { groupPatients } from "../source/group-patients.ts";
import { openArchive } from "../source/listing.ts";
import { readLabels } from "../source/read-labels.ts";
import { fileName } from "./normalise-patient.ts";

export interface FindOptions {
  readonly keyFile: string;
  readonly labels?: string | undefined;
  readonly password?: string | undefined;
}

/**
 * Paths within the archive of the file, or of the files of the series or patient. They may name a patient: for the
 * terminal of who asked, and nothing else.
 *
 * @throws {FedError} HASH_UNKNOWN, KEY_NOT_FOUND, and those of openArchive and readLabels
 */
export async function findOriginal(source: string, hash: string, options: FindOptions): Promise<string[]> {
  const key = await readPseudonymKey(options.keyFile);
  if (!key)
    throw new FedError("KEY_NOT_FOUND", { keyFile: options.keyFile }, { remedy: "give the import's --key or --out" });
  const pseudonyms = pseudonymsOf(key);
  const { files, close } = await openArchive(source, options);
  const pool = openDecodePool();
  const pathOf = (file: number) => files.at(file).parts.join("/");
  try {
    for (const file of files) if (fileName(file, pseudonyms) === hash) return [file.parts.join("/")];
    const examined = openExaminedFiles();
    const ofSeries: number[] = [];
    for await (const one of examine(files, pool)) {
      if (one.kind === "picture") examined.addPicture(one.file);
      if (one.kind !== "dicom") continue;
      examined.addDicom(one.file, one.instance);
      if (pseudonyms.of("series", one.instance.seriesUid) === hash) ofSeries.push(one.file);
    }
    if (ofSeries.length > 0) return ofSeries.map(pathOf);
    const { labels } = await readLabels(files, options.labels);
    // What the label is does not matter here.
    const { patients } = groupPatients(files, examined, { labels, pseudonyms, fallback: 0 });
    const patient = patients.find((one) => one.patient === hash);
    if (patient) return [...patient.dicom, ...patient.pictures].map(pathOf);
    const remedy = "give the archive and the key file of the import that reported the hash";
    throw new FedError("HASH_UNKNOWN", { hash, files: files.length }, { remedy });
  } finally {
    await pool.close();
    await close();
  }
}
