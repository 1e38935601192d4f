// Patients of the phantom, written as real DICOM files wherever a test wants them, with whatever attributes it wants.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Dataset, writePart10 } from "../../../imaging/dicom/write-part10.ts";
import { describeSlice, storageOf, storedWords, uidFor } from "../../../imaging/phantom/ct-instance.ts";
import { placeSlice } from "../../../imaging/phantom/placement.ts";
import { type SyntheticScan, synthesiseScan } from "../../../imaging/phantom/synthesise-scan.ts";

export interface PhantomPatient {
  /** Decides the anatomy: two patients of one index have the same scan. */
  readonly index: number;
  readonly id: string;
  /** Default: one of the PatientID and index. */
  readonly study?: string;
  readonly series?: number;
  readonly positive?: boolean;
  /** Further or other elements, as "00080070": ["LO", "SIEMENS"]. */
  readonly elements?: Readonly<Record<string, readonly [vr: string, value: string]>>;
  /** What becomes of each file's bytes. */
  readonly change?: (bytes: Buffer, slice: number) => Buffer;
  /** Other pixels than those of the chest. */
  readonly paint?: (hu: Int16Array) => Int16Array;
}

const slices = 8;
const scans = new Map<string, SyntheticScan>();

function scanOf(index: number, positive: boolean): SyntheticScan {
  const key = `${index} ${positive}`;
  const scan = scans.get(key) ?? synthesiseScan({ seed: 8, index, positive, matrix: 48, slices: [slices, slices] });
  scans.set(key, scan);
  return scan;
}

/** The files of one series, by their number. */
export function phantomFiles(patient: PhantomPatient): Buffer[] {
  const { index, id, series = 2, positive = false, elements = {}, change, paint } = patient;
  const study = patient.study ?? uidFor("test", id, index);
  const scan = scanOf(index, positive);
  const storage = storageOf(scan.acquisition.manufacturer);
  const hu = paint ? paint(scan.hu) : scan.hu;
  const area = scan.geometry.rows * scan.geometry.columns;
  return Array.from({ length: slices }, (_, slice) => {
    const uid = uidFor(study, "series", series);
    const names = {
      patient: id,
      study,
      series: uid,
      instance: uidFor(uid, slice),
      seriesNumber: series,
      instanceNumber: slice,
    };
    const placement = placeSlice(scan.geometry, slice, 0);
    const described = describeSlice(scan, { placement, position: "HFS", names, storage });
    const words = storedWords(hu.subarray(slice * area, (slice + 1) * area), storage, scan.acquisition.outsideHu);
    const pixels = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    const own = Object.entries(elements).map(([tag, [vr, value]]) => [tag, { vr, value }] as const);
    const dataset: Dataset = new Map([...described, ...own, ["7FE00010", { vr: "OW", value: pixels }]]);
    const bytes = writePart10(dataset);
    return change ? change(bytes, slice) : bytes;
  });
}

/** Writes the files of one series where `place` says, below `dir`. */
export async function writePhantom(
  dir: string,
  patient: PhantomPatient,
  place: (slice: number) => string,
): Promise<void> {
  for (const [slice, bytes] of phantomFiles(patient).entries()) await writeInto(join(dir, place(slice)), bytes);
}

export async function writeInto(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
