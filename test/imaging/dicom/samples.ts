// Files that the project writes itself, and their HU, shared by the tests of the DICOM readers.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { decodeFrames } from "../../../imaging/dicom/decode-frames.ts";
import { highestHu, lowestHu, outsideHu } from "../../../imaging/dicom/hounsfield.ts";
import { readInstance } from "../../../imaging/dicom/read-instance.ts";
import type { EncodingName } from "../../../imaging/phantom/encodings.ts";
import { type NuisanceName, patientFiles } from "../../../imaging/phantom/patient-files.ts";
import { openRandom } from "../../../imaging/phantom/random.ts";
import { type SyntheticScan, synthesiseScan } from "../../../imaging/phantom/synthesise-scan.ts";

/** Side of a sample's frame; three slices. */
export const side = 48;
export const sliceCount = 3;

/** Scans whose scanners store differently: signed with padding, signed without, 12 bits unsigned. */
export const scans: readonly SyntheticScan[] = ["GE MEDICAL SYSTEMS", "TOSHIBA", "SIEMENS"].map((manufacturer) => {
  for (let index = 0; ; index++) {
    const scan = synthesiseScan({ seed: 1, index, positive: true, matrix: side, slices: [sliceCount, sliceCount] });
    if (scan.acquisition.manufacturer === manufacturer) return scan;
  }
});

/** The axial slices of a scan as files, in the order of the slices (but for positions that turn them). */
export function sampleFiles(scan: SyntheticScan, encoding: EncodingName, nuisance: NuisanceName = "none"): Buffer[] {
  const source = { patient: "patient1", study: "2.25.1", encoding, nuisance } as const;
  const files = [...patientFiles(scan, source, openRandom(1, "no slice sent twice"))];
  return files.filter(({ series }) => series !== "series1").map(({ bytes }) => bytes);
}

/** The HU that a slice must read as: as drawn, and -1000 (or what 12 bits hold of it) where nothing was measured. */
export function expectedHu({ hu, acquisition }: SyntheticScan, slice: number, encoding: EncodingName): Int16Array {
  const outside = encoding.startsWith("jpeg-lossless") || encoding === "jpeg-baseline" ? lowestHu : outsideHu;
  return hu
    .slice(slice * side * side, (slice + 1) * side * side)
    .map((value) => (value === acquisition.outsideHu ? outside : Math.max(lowestHu, Math.min(highestHu, value))));
}

/** All frames of a file. */
export function huOf(bytes: Uint8Array, into?: Int16Array): Promise<Int16Array[]> {
  return collect(decodeFrames(readInstance(bytes), into));
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The folder of real files, or undefined where it is absent. */
export function sharedData(name: string): string | undefined {
  const root = process.env["CONSILIUM_TEST_DATA"] ?? join(import.meta.dirname, "../../../../shared/data");
  const folder = join(root, name);
  return existsSync(folder) ? folder : undefined;
}

/** The file with a private comment of so many bytes before its pixels' description. */
export function withComment(bytes: Buffer, length: number): Buffer {
  const at = bytes.indexOf(Buffer.from([0x28, 0x00, 0x02, 0x00]));
  const head = Buffer.from([0x21, 0x00, 0x10, 0x10, ...Buffer.from("UN"), 0, 0, 0, 0, 0, 0]);
  head.writeUInt32LE(length, 8);
  return Buffer.concat([bytes.subarray(0, at), head, Buffer.alloc(length), bytes.subarray(at)]);
}
