// The files of one synthetic patient, with the oddities of real archives: scouts, duplicates, other positions,
// gaps, mixed series, second kernels, missing preambles and extensions, strange spellings of numbers, multi-frame files,
// tilted gantries, reformats, truncated files, placeholder ids.

import { type Dataset, writePart10 } from "../dicom/write-part10.ts";
import {
  describeMultiFrame,
  describeReformat,
  describeScout,
  describeSlice,
  type InstanceNames,
  type Storage,
  storageOf,
  storedWords,
  uidFor,
} from "./ct-instance.ts";
import { type EncodingName, encodePixels, storageFor } from "./encodings.ts";
import { type Placement, placeSlice, type QuarterTurns, turnWords } from "./placement.ts";
import type { Random } from "./random.ts";
import type { SyntheticScan } from "./synthesise-scan.ts";
import { tiltSlice } from "./tilt.ts";

/** Oddities of a patient's files, besides the scouts and duplicates that any patient may have. */
export const nuisanceNames = [
  "none",
  "prone",
  "feet-first",
  "decubitus",
  "gap",
  "two-kernels",
  "mixed-series",
  "no-preamble",
  "no-extension",
  "odd-rescale",
  "multi-frame",
  "tilted",
  "mixed-spacing",
  "reformats",
  "truncated",
  "anonymous",
] as const;
export type NuisanceName = (typeof nuisanceNames)[number];

export interface ArchiveFile {
  /** Folder of the series within the patient's. */
  readonly series: string;
  readonly name: string;
  readonly bytes: Buffer;
}

interface Source {
  readonly patient: string;
  readonly study: string;
  readonly encoding: EncodingName;
  readonly nuisance: NuisanceName;
}

/** Writes a patient: the scan, and at times a scout before it and a slice sent twice. */
export function* patientFiles(scan: SyntheticScan, given: Source, random: Random): Generator<ArchiveFile> {
  // Some anonymisers give all patients the same id.
  const source = given.nuisance === "anonymous" ? { ...given, patient: "ANONYMOUS" } : given;
  const withScout = random.chance(0.4) || source.nuisance === "mixed-series";
  const repeated = random.chance(0.2) ? random.integer(0, scan.geometry.slices - 1) : -1;
  const own = storageFor(source.encoding, storageOf(scan.acquisition.manufacturer));
  const storage = source.nuisance === "odd-rescale" ? { ...own, slope: `00${Number(own.slope)}.000000E+00` } : own;
  const kept = keptSlices(scan.geometry.slices, source.nuisance);
  const kinds = source.nuisance === "two-kernels" ? [2, 3] : [2];
  for (const seriesNumber of kinds) {
    const series = uidFor(source.study, "series", seriesNumber);
    // A second kernel shows the same volume: here sharpened enough that no two files hold equal pixels.
    const hu = seriesNumber === 2 ? scan.hu : sharpened(scan);
    const named = (slice: number, copy: number): InstanceNames => ({
      ...source,
      series,
      instance: uidFor(series, slice, copy),
      seriesNumber,
      // Scanners count from the head; the names of files are drawn from the UID.
      instanceNumber: scan.geometry.slices - slice,
      ...(seriesNumber === 3 && { kernel: "SHARP" }),
    });
    if (source.nuisance === "multi-frame") {
      yield multiFrameFile(scan, kept, named(0, 0), storage, source);
      continue;
    }
    for (const slice of kept) {
      for (const copy of slice === repeated ? [0, 1] : [0]) {
        const tilted = source.nuisance === "tilted" ? tiltSlice(scan, hu, slice, tiltDegrees) : undefined;
        const placement = tilted?.placement ?? placeSlice(scan.geometry, slice, turnsOf[source.nuisance] ?? 0);
        const position = positionOf[source.nuisance] ?? "HFS";
        const values = tilted
          ? storedWords(tilted.hu, storage, scan.acquisition.outsideHu)
          : wordsOf(scan, hu, slice, storage);
        const words = turnWords(values, scan.geometry.rows, placement.turns);
        const names = named(slice, copy);
        const dataset = describeSlice(scan, { placement, position, names, storage });
        const bytes = encode(dataset, words, scan.geometry, storage, source);
        const isCut = source.nuisance === "truncated" && slice === kept[Math.floor(kept.length / 2)];
        yield file(names, isCut ? bytes.subarray(0, Math.floor(bytes.length * 0.6)) : bytes, source.nuisance);
      }
    }
  }
  if (source.nuisance === "reformats") yield* reformatFiles(scan, storage, source);
  if (withScout) yield scoutFile(scan, storage, source);
}

const tiltDegrees = 12;

/** A gap in the middle, or only every second slice of the upper half. */
function keptSlices(count: number, nuisance: NuisanceName): number[] {
  const middle = Math.floor(count / 2);
  const isKept = (slice: number) => {
    if (nuisance === "gap") return slice !== middle;
    return nuisance !== "mixed-spacing" || slice <= middle || (slice - middle) % 2 === 0;
  };
  return Array.from({ length: count }, (_, slice) => slice).filter(isKept);
}

const turnsOf: Partial<Record<NuisanceName, QuarterTurns>> = { prone: 2, decubitus: 1 };
const positionOf: Partial<Record<NuisanceName, string>> = { prone: "HFP", decubitus: "HFDR", "feet-first": "FFS" };

function wordsOf(scan: SyntheticScan, hu: Int16Array, slice: number, storage: Storage): Int16Array {
  const area = scan.geometry.rows * scan.geometry.columns;
  return storedWords(hu.subarray(slice * area, (slice + 1) * area), storage, scan.acquisition.outsideHu);
}

function encode(
  dataset: Dataset,
  words: Int16Array,
  size: { rows: number; columns: number },
  storage: Storage,
  { encoding, nuisance }: Source,
): Buffer {
  const preamble = nuisance !== "no-preamble";
  const { syntax, native, frame } = encodePixels(encoding, words, size, storage);
  if (frame) return writePart10(dataset, { syntax, frames: [frame], preamble });
  const vr = storage.bitsAllocated === 8 ? "OB" : "OW";
  return writePart10(new Map([...dataset, ["7FE00010", { vr, value: native! }]]), { syntax, preamble });
}

function multiFrameFile(
  scan: SyntheticScan,
  slices: readonly number[],
  names: InstanceNames,
  storage: Storage,
  source: Source,
): ArchiveFile {
  const placements = slices.map((slice): Placement => placeSlice(scan.geometry, slice, 0));
  const dataset = describeMultiFrame(scan, { placements, names, storage });
  const encoded = slices.map((slice) =>
    encodePixels(source.encoding, wordsOf(scan, scan.hu, slice, storage), scan.geometry, storage),
  );
  const { syntax } = encoded[0]!;
  const frames = encoded.flatMap(({ frame }) => (frame ? [frame] : []));
  const native = Buffer.concat(encoded.flatMap(({ native: bytes }) => (bytes ? [bytes] : [])));
  const vr = storage.bitsAllocated === 8 ? "OB" : "OW";
  const bytes =
    frames.length > 0
      ? writePart10(dataset, { syntax, frames })
      : writePart10(new Map([...dataset, ["7FE00010", { vr, value: native }]]), { syntax });
  return file(names, bytes, source.nuisance);
}

/** Coronal planes, as workstations send them back to the archive. */
function* reformatFiles(scan: SyntheticScan, storage: Storage, source: Source): Generator<ArchiveFile> {
  const series = uidFor(source.study, "series", 9);
  const { slices, rows, columns, spacingMm, originMm } = scan.geometry;
  for (const [index, row] of [0.4, 0.5, 0.6].map((share) => Math.round(share * rows)).entries()) {
    const plane = new Int16Array(slices * columns);
    for (let slice = 0; slice < slices; slice++) {
      const from = (slice * rows + row) * columns;
      plane.set(scan.hu.subarray(from, from + columns), (slices - 1 - slice) * columns);
    }
    const names = { ...source, series, instance: uidFor(series, index), seriesNumber: 9, instanceNumber: index + 1 };
    const words = storedWords(plane, storage, scan.acquisition.outsideHu);
    const dataset = describeReformat(scan, names, storage, originMm[1] + row * spacingMm[1]);
    yield file(names, encode(dataset, words, { rows: slices, columns }, storage, source), source.nuisance);
  }
}

function scoutFile(scan: SyntheticScan, storage: Storage, source: Source): ArchiveFile {
  const series = uidFor(source.study, "series", 1);
  const names = { ...source, series, instance: uidFor(series, 0), seriesNumber: 1, instanceNumber: 1 };
  const { slices: rows, columns } = scan.geometry;
  const words = storedWords(projectFront(scan), storage, undefined);
  return file(
    names,
    encode(describeScout(scan, names, storage), words, { rows, columns }, storage, source),
    source.nuisance,
  );
}

function file({ instance, seriesNumber }: InstanceNames, bytes: Buffer, nuisance: NuisanceName): ArchiveFile {
  const name = BigInt(instance.slice(5)).toString(36).padStart(25, "0").slice(-10);
  return {
    series: nuisance === "mixed-series" ? "all" : `series${seriesNumber}`,
    name: nuisance === "no-extension" ? name : `${name}.dcm`,
    bytes,
  };
}

/** Increases each pixel's difference from its neighbours in the row, as a sharp kernel does. */
function sharpened({ hu, acquisition }: SyntheticScan): Int16Array {
  return hu.map((value, at) => {
    if (value === acquisition.outsideHu) return value;
    const before = hu[at - 1] ?? value;
    const after = hu[at + 1] ?? value;
    const sharp = value + 0.4 * (2 * value - Math.max(-1024, before) - Math.max(-1024, after));
    return Math.max(-1024, Math.min(3071, Math.round(sharp)));
  });
}

/** Mean along the beam from front to back, head first, as a scout shows it. */
function projectFront({ hu, geometry }: SyntheticScan): Int16Array {
  const { slices, rows, columns } = geometry;
  const projected = new Int16Array(slices * columns);
  for (let slice = 0; slice < slices; slice++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += Math.max(-1000, hu[(slice * rows + row) * columns + column]!);
      projected[(slices - 1 - slice) * columns + column] = Math.round(sum / rows);
    }
  }
  return projected;
}
