// Reads one scan of a folder or zip for inspection: chosen, ordered and turned upright as in an import; nothing is written.
import type { Stack } from "../series/read-stack.ts";
import type { ScanFacts } from "../shard/shard-format.ts";
import type { CtVolume } from "../view/volume.ts";
import { dicomFacts } from "./normalise-patient.ts";
import { openScans } from "./open-scans.ts";

export interface OneScan {
  readonly stack: Stack;
  readonly volume: CtVolume;
  readonly facts: ScanFacts;
  readonly files: number;
  /** Patients with DICOM files in the source; one of them was read. */
  readonly patients: number;
  /** Files that are not part of it: other series and patients, scouts, repeated slices, lists, unreadable files. */
  readonly passedOver: number;
}

/**
 * Reads the best series that can be decoded, of the patient with the most files.
 *
 * @throws those of openArchive, ARCHIVE_NO_CT, NO_CHEST_SERIES, SERIES_DAMAGED
 */
export async function readOneScan(
  source: string,
  options: { password?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<OneScan> {
  const scans = await openScans(source, options);
  const { files, patients } = scans;
  try {
    return await scans.read(patients[0]!, ({ stack, chosen }) => {
      const used = new Set(chosen.order.frames.map(({ file }) => file)).size;
      const about = { facts: dicomFacts(chosen), files, patients: patients.length, passedOver: files - used };
      return { stack, volume: volumeOf(stack), ...about };
    });
  } finally {
    await scans.close();
  }
}

/** The stack as a volume for views; slices keep their usual distance, so that one gap does not stretch the picture. */
export function volumeOf({ planes, spacingMm, thicknessMm }: Stack): CtVolume {
  const { rows, columns, spacingMm: pixelMm } = planes[0]!;
  const hu = new Int16Array(planes.length * rows * columns);
  for (const [slice, plane] of planes.entries()) hu.set(plane.values, slice * rows * columns);
  return { hu, slices: planes.length, rows, columns, spacingMm: [spacingMm || thicknessMm || 1, ...pixelMm] };
}
