// Reads the largest axial series of a folder of uncompressed CT files for a look at it, without importing anything.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import dicomParser from "dicom-parser";
import type { CtVolume } from "../../imaging/view/volume.ts";
import { FedError } from "../../protocol/errors.ts";

interface Slice {
  readonly series: string;
  readonly z: number;
  readonly rows: number;
  readonly columns: number;
  readonly pixelMm: readonly [y: number, x: number];
  readonly hu: Int16Array;
}

const NATIVE_LITTLE = new Set(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"]);
const LARGEST_FILE_BYTES = 64 * 2 ** 20;
const MOST_FILES = 5000;

/**
 * Reads a volume, slices from feet to head. Files that are no axial, head-first or feet-first supine CT are passed over and counted.
 *
 * @throws {FedError} VIEW_NOT_FOUND, VIEW_NO_SERIES
 */
export async function readFolder(
  folder: string,
  signal?: AbortSignal,
): Promise<{ volume: CtVolume; passedOver: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new FedError("VIEW_NOT_FOUND", { folder }, { cause, remedy: "give a folder that holds DICOM files" });
  });
  const files = entries.filter((entry) => entry.isFile()).slice(0, MOST_FILES);
  const bySeries = new Map<string, Slice[]>();
  let passedOver = 0;
  for (const entry of files) {
    signal?.throwIfAborted();
    const path = join(entry.parentPath, entry.name);
    const slice = (await stat(path)).size <= LARGEST_FILE_BYTES ? parseSlice(await readFile(path)) : undefined;
    if (!slice) passedOver += 1;
    else bySeries.set(slice.series, [...(bySeries.get(slice.series) ?? []), slice]);
  }
  const largest = [...bySeries.values()].sort((a, b) => b.length - a.length)[0] ?? [];
  const slices = withoutRepeats(largest);
  const first = slices[0];
  if (!first || slices.length < 3) {
    throw new FedError(
      "VIEW_NO_SERIES",
      { files: files.length, passedOver },
      { remedy: "give a folder with at least three uncompressed axial CT slices of one series" },
    );
  }
  return { volume: stack(slices, first), passedOver };
}

/** A slice of the file, or undefined where it is none that can be shown. dicom-parser throws what is not an Error. */
function parseSlice(bytes: Buffer): Slice | undefined {
  try {
    const set = dicomParser.parseDicom(bytes);
    const pixels = set.elements["x7fe00010"];
    const [rows, columns] = [set.uint16("x00280010"), set.uint16("x00280011")];
    const orientation = numbers(set, "x00200037");
    const z = numbers(set, "x00200032")[2];
    const [y, x] = numbers(set, "x00280030");
    const upright = [1, 0, 0, 0, 1, 0].every((wanted, at) => Math.abs((orientation[at] ?? 9) - wanted) < 0.05);
    if (!NATIVE_LITTLE.has(set.string("x00020010") ?? "") || !upright || set.string("x00080060") !== "CT")
      return undefined;
    if (!pixels || !rows || !columns || z === undefined || !y || !x || set.uint16("x00280100") !== 16) return undefined;
    if (pixels.length < rows * columns * 2) return undefined;
    const slope = set.floatString("x00281053") ?? 1;
    const intercept = set.floatString("x00281052") ?? 0;
    const signed = set.uint16("x00280103") === 1;
    const view = new DataView(bytes.buffer, bytes.byteOffset + pixels.dataOffset, rows * columns * 2);
    const hu = Int16Array.from({ length: rows * columns }, (_, at) => {
      const word = signed ? view.getInt16(at * 2, true) : view.getUint16(at * 2, true);
      return Math.max(-1024, Math.min(3071, Math.round(word * slope + intercept)));
    });
    return { series: set.string("x0020000e") ?? "", z, rows, columns, pixelMm: [y, x], hu };
  } catch {
    return undefined;
  }
}

function numbers(set: dicomParser.DataSet, tag: string): number[] {
  return (set.string(tag) ?? "").split("\\").map(Number);
}

/** From feet to head, one slice a height and one size. */
function withoutRepeats(slices: readonly Slice[]): Slice[] {
  const first = slices[0];
  const sorted = slices
    .filter((slice) => slice.rows === first?.rows && slice.columns === first.columns)
    .sort((a, b) => a.z - b.z);
  return sorted.filter((slice, at) => at === 0 || slice.z - sorted[at - 1]!.z > 0.01);
}

function stack(slices: readonly Slice[], { rows, columns, pixelMm }: Slice): CtVolume {
  const hu = new Int16Array(slices.length * rows * columns);
  for (const [at, slice] of slices.entries()) hu.set(slice.hu, at * rows * columns);
  // The middle of all steps: one gap must not stretch the picture.
  const steps = slices.slice(1).map((slice, at) => slice.z - slices[at]!.z);
  const spacing = steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)]!;
  return { hu, slices: slices.length, rows, columns, spacingMm: [spacing, ...pixelMm] };
}
