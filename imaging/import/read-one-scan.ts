// Reads one scan of a folder or zip for inspection: chosen, ordered and turned upright as in an import; nothing is written.
import { FedError } from "../../foundation/errors.ts";
import type { DicomSource } from "../dicom/decode-messages.ts";
import { openDecodePool } from "../dicom/decode-pool.ts";
import { readStack, type Stack } from "../series/read-stack.ts";
import { noSeriesError, selectSeries } from "../series/select.ts";
import type { ScanFacts } from "../shard/shard-format.ts";
import { examine } from "../source/examine.ts";
import { openExaminedFiles } from "../source/examined-files.ts";
import { openArchive } from "../source/listing.ts";
import type { CtVolume } from "../view/volume.ts";
import { dicomFacts } from "./normalise-patient.ts";

export interface OneScan {
  readonly stack: Stack;
  readonly volume: CtVolume;
  readonly facts: ScanFacts;
  readonly files: number;
  /** Number of patients with DICOM files in the source; one of them was read. */
  readonly patients: number;
  /** Files that are not part of it: other series and patients, scouts, repeated slices, lists, unreadable files. */
  readonly passedOver: number;
}

/** Above it, pixels are averaged while they are read: the volume must fit into memory more than once. */
const mostVoxels = 2 ** 27;
const coarsePixelMm = 1.5;

/**
 * Reads the best series that can be decoded, of the patient with the most files.
 *
 * @throws those of openArchive, ARCHIVE_NO_CT, NO_CHEST_SERIES, SERIES_DAMAGED
 */
export async function readOneScan(
  source: string,
  { password, signal }: { password?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<OneScan> {
  const { files, close } = await openArchive(source, { password });
  const pool = openDecodePool();
  try {
    const examined = openExaminedFiles();
    const patients = new Map<string, number[]>();
    for await (const one of examine(files, pool, signal)) {
      if (one.kind !== "dicom") continue;
      examined.addDicom(one.file, one.instance);
      const ofPatient = patients.get(one.instance.patientId);
      if (ofPatient) ofPatient.push(one.file);
      else patients.set(one.instance.patientId, [one.file]);
    }
    const largest = [...patients.values()].sort((a, b) => b.length - a.length)[0];
    if (!largest) {
      const remedy = "give a folder or zip with the DICOM files of a CT scan";
      throw new FedError("ARCHIVE_NO_CT", { files: files.length }, { remedy });
    }
    const options = { minSlices: 1 };
    const selection = selectSeries(largest.map(examined.headerOf), options);
    let failure: unknown;
    for (const chosen of selection.candidates) {
      const { rows, columns } = chosen.files[0]!.instance;
      const pixelMm = chosen.order.frames.length * rows * columns > mostVoxels ? coarsePixelMm : 0;
      try {
        const use = (file: number, work: (source: DicomSource) => Promise<void>) => files.at(file).use(work);
        const stack = await readStack(chosen, use, { pool, pixelMm, ...(signal && { signal }) });
        const used = new Set(chosen.order.frames.map(({ file }) => file)).size;
        const passedOver = files.length - used;
        const about = { facts: dicomFacts(chosen), files: files.length, patients: patients.size, passedOver };
        return { stack, volume: volumeOf(stack), ...about };
      } catch (error) {
        signal?.throwIfAborted();
        failure ??= error;
      }
    }
    throw failure ?? noSeriesError(selection, options);
  } finally {
    await pool.close();
    await close();
  }
}

/** The stack as a volume for views; slices keep their usual distance, so that one gap does not stretch the picture. */
export function volumeOf({ planes, spacingMm, thicknessMm }: Stack): CtVolume {
  const { rows, columns, spacingMm: pixelMm } = planes[0]!;
  const hu = new Int16Array(planes.length * rows * columns);
  for (const [slice, plane] of planes.entries()) hu.set(plane.values, slice * rows * columns);
  return { hu, slices: planes.length, rows, columns, spacingMm: [spacingMm || thicknessMm || 1, ...pixelMm] };
}
