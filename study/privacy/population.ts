// Synthetic patients of the study of privacy: one small scan each, every other one positive. Drawing a patient takes longer than
// training on it, so the scans can be kept in a folder for the next run.
import { mkdir, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { synthesiseScan } from "../../imaging/phantom/synthesise-scan.ts";
import type { HistogramScan } from "../strategies/lung-histograms.ts";

export interface PopulationOptions {
  readonly seed: number;
  readonly patients: number;
  /** How strongly the disease shows: 1 as in life. */
  readonly signal: number;
  /** Folder for the scans; without it they are drawn anew. */
  readonly folder?: string | undefined;
}

export interface SyntheticPatient extends HistogramScan {
  readonly label: 0 | 1;
}

/** Rows and columns of a slice. */
export const side = 32;
/** Of every scan. */
export const slices = 4;
const voxels = slices * side * side;
/** A scan in the folder: its HU as int16, little-endian, then its lung mask. */
const recordBytes = 3 * voxels;
const geometry = { slices, rows: side, columns: side };

/**
 * The first patients of a seed's population. A folder with fewer of them is filled up.
 * @param onPatient called for each patient that is drawn
 */
export async function populationOf(
  { seed, patients, signal, folder }: PopulationOptions,
  onPatient: (done: number, all: number) => void = () => {},
): Promise<SyntheticPatient[]> {
  const found: SyntheticPatient[] = [];
  const file = folder === undefined ? undefined : await openScans(folder, `seed-${seed}-signal-${signal}.scans`);
  try {
    for (let index = 0; index < patients; index++) {
      const kept = await file?.read(index);
      const record = kept ?? drawScan(seed, index, signal);
      found.push(patientOf(record, index));
      if (kept) continue;
      await file?.append(index, record);
      onPatient(index + 1, patients);
      await new Promise(setImmediate);
    }
  } finally {
    await file?.close();
  }
  return found;
}

function drawScan(seed: number, index: number, signal: number): Buffer {
  const positive = labelOf(index) === 1;
  const { hu, lung } = synthesiseScan({ seed, index, positive, matrix: side, slices: [slices, slices], signal });
  const record = Buffer.alloc(recordBytes);
  for (const [voxel, value] of hu.entries()) record.writeInt16LE(value, 2 * voxel);
  record.set(lung, 2 * voxels);
  return record;
}

function patientOf(record: Buffer, index: number): SyntheticPatient {
  const hu = Int16Array.from({ length: voxels }, (_, voxel) => record.readInt16LE(2 * voxel));
  return { label: labelOf(index), hu, lung: Uint8Array.from(record.subarray(2 * voxels)), geometry };
}

function labelOf(index: number): 0 | 1 {
  return (index % 2) as 0 | 1;
}

/** Scans of one population in a file, by index. A record that a kill cut short is written again. */
async function openScans(folder: string, name: string) {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  const handle = await open(path, (await stat(path).catch(() => undefined)) ? "r+" : "w+");
  const whole = Math.floor((await handle.stat()).size / recordBytes);
  return {
    async read(index: number): Promise<Buffer | undefined> {
      if (index >= whole) return undefined;
      const record = Buffer.alloc(recordBytes);
      await handle.read(record, 0, recordBytes, index * recordBytes);
      return record;
    },
    append: (index: number, record: Buffer) => handle.write(record, 0, recordBytes, index * recordBytes),
    close: () => handle.close(),
  };
}
