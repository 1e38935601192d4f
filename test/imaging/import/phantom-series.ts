// Series of a phantom as real DICOM files whose elements a test can change.
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ElementValue, type Transfer, writePart10 } from "../../../imaging/dicom/write-part10.ts";
import { describeSlice, type Storage, storageOf, storedWords } from "../../../imaging/phantom/ct-instance.ts";
import { type EncodingName, encodePixels, loadEncoders } from "../../../imaging/phantom/encodings.ts";
import { placeSlice } from "../../../imaging/phantom/placement.ts";
import { type SyntheticScan, synthesiseScan } from "../../../imaging/phantom/synthesise-scan.ts";

/** Twelve slices in which the lungs are found. */
export function phantomScan(index = 1): SyntheticScan {
  return synthesiseScan({ seed: 21, index, positive: false, matrix: 64, slices: [12, 12] });
}

type Elements = Readonly<Record<string, readonly [vr: string, value: ElementValue]>>;

export interface SeriesOptions {
  readonly series?: string;
  /** Slices to write; all by default. */
  readonly slices?: readonly number[];
  /** Elements to set in the file of each slice. */
  readonly elements?: (slice: number) => Elements;
  /** Added to all HU, so that two volumes differ. */
  readonly addHu?: number;
  /** Bone as dense as this, HU. */
  readonly boneHu?: number;
  /** How far all slices are moved towards the head. */
  readonly upMm?: number;
  /** What becomes of each stored word. */
  readonly words?: (word: number, at: number) => number;
  readonly encoding?: EncodingName;
  readonly storage?: Storage;
  /** How the data set is written, whatever the meta header says. */
  readonly syntax?: Transfer;
}

/** Writes a series of patient 1; names of files say nothing of their order. */
export async function writeSeries(dir: string, scan: SyntheticScan, options: SeriesOptions = {}): Promise<void> {
  const {
    series = "2.25.2",
    elements = () => ({}),
    addHu = 0,
    boneHu,
    upMm = 0,
    encoding = "explicit-little",
  } = options;
  await loadEncoders([encoding]);
  const folder = join(dir, "patient1");
  await mkdir(folder, { recursive: true });
  const { geometry, acquisition } = scan;
  const storage = options.storage ?? storageOf(acquisition.manufacturer);
  const area = geometry.rows * geometry.columns;
  for (const slice of options.slices ?? Array.from({ length: geometry.slices }, (_, index) => index)) {
    const name = createHash("sha256")
      .update(JSON.stringify([series, slice, addHu, upMm]))
      .digest("hex")
      .slice(0, 16);
    const instance = `2.25.${BigInt(`0x${name}`)}`;
    const at = placeSlice(geometry, slice, 0);
    const [x, y, z] = at.positionMm;
    const names = { patient: "1", study: "2.25.1", series, instance, seriesNumber: 2, instanceNumber: slice + 1 };
    const placement = { ...at, positionMm: [x, y, z + upMm] as const };
    const dataset = new Map(describeSlice(scan, { placement, position: "HFS", names, storage }));
    const hu = scan.hu.subarray(slice * area, (slice + 1) * area);
    const moved = hu.map((value) => {
      if (value === acquisition.outsideHu) return value;
      return boneHu !== undefined && value > 150 ? boneHu : value + addHu;
    });
    const stored = storedWords(moved, storage, acquisition.outsideHu);
    const words = options.words ? stored.map(options.words) : stored;
    const { syntax, native, frame } = encodePixels(encoding, words, geometry, storage);
    for (const [tag, [vr, value]] of Object.entries<Elements[string]>(elements(slice))) dataset.set(tag, { vr, value });
    if (native) dataset.set("7FE00010", { vr: "OW", value: native });
    const bytes = writePart10(dataset, frame ? { syntax, frames: [frame] } : { syntax: options.syntax ?? syntax });
    await writeFile(join(folder, `${name}.dcm`), bytes);
  }
}
