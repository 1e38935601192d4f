// A chosen series decoded into one stack: upright slices from the feet to the head, on all cores, on pixels no finer
// than later steps need, so that memory does not grow with the scanner's matrix.
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { DicomSource } from "../dicom/decode-messages.ts";
import type { DecodePool } from "../dicom/decode-pool.ts";
import type { Plane } from "../volume/geometry.ts";
import { aroundBoth, type PixelBox } from "../volume/measured-box.ts";
import type { Side } from "./join-volumes.ts";
import type { OrderedFrame, OrderedSeries, RepeatedFrame } from "./order.ts";
import type { SeriesCandidate } from "./select.ts";

export interface Stack {
  /** HU, all of one grid. */
  readonly planes: readonly Plane[];
  /** Of each plane along the normal, ascending. */
  readonly heightsMm: readonly number[];
  readonly spacingMm: number;
  readonly thicknessMm: number;
  /** Sides on which another series may continue the scan. */
  readonly continued: readonly Side[];
  /** Of each plane, which of the series' frames in order it is. */
  readonly places: readonly number[];
  /** Of each plane, the centre of its first pixel, mm from the centre of the first pixel of the whole upright slice. */
  readonly originsMm: readonly (readonly [row: number, column: number])[];
}

export interface DamagedFile {
  readonly file: number;
  readonly error: unknown;
  /** Whether other files have all of its slices that are needed. */
  readonly isReplaced: boolean;
}

/** Files requested at once, so that no worker waits for this thread. */
const filesAWorker = 10;
/** If more than this share of a series' files is damaged, the rest no longer shows the scan. */
const mostDamaged = 0.2;

/**
 * Decodes a series. Damaged files are reported; if no other file has their slices, these are left out, up to a fifth of the
 * files.
 *
 * @param pixelMm size to which pixels may be shrunk; 0 keeps the scanner's
 * @throws SERIES_DAMAGED with the first file's error as cause, and what `signal` throws
 */
export async function readStack(
  { order, thicknessMm, continued }: SeriesCandidate,
  use: Use,
  {
    pool,
    pixelMm,
    allAtOnce = false,
    signal,
    onDamaged,
  }: {
    readonly pool: DecodePool;
    readonly pixelMm: number;
    /** Asks for all files at once, where their source brings them in its own order. */
    readonly allAtOnce?: boolean | undefined;
    readonly signal?: AbortSignal;
    readonly onDamaged?: (damaged: DamagedFile) => void;
  },
): Promise<Stack> {
  const work = { use, pool, pixelMm, allAtOnce, signal };
  let decoded = await decodeSeries(order, await firstBox(order, work), work);
  // Measured pixels of some slices lie outside: all are cut alike, to what any of them needs.
  if (decoded.needed) decoded = await decodeSeries(order, decoded.needed, work);
  const { planes, errors, placesOf, preferred, originMm } = decoded;
  const damaged = [...errors]
    .sort(([a], [b]) => a - b)
    .map(([file, error]): DamagedFile => {
      const isReplaced = [...placesOf.get(file)!.values()].every((place) => planes[place] !== undefined);
      return { file, error, isReplaced };
    });
  const lost = damaged.filter(({ file, isReplaced }) => preferred.has(file) && !isReplaced);
  if (lost.length > mostDamaged * preferred.size) {
    const remedy = "copy or export the series again";
    const [first] = lost;
    const facts = {
      damaged: lost.length,
      files: preferred.size,
      first: isFedError(first?.error) ? first.error.code : "",
    };
    throw new FedError("SERIES_DAMAGED", facts, { cause: first?.error, remedy });
  }
  for (const one of damaged) onDamaged?.(one);
  const places = [...planes.keys()].filter((place) => planes[place] !== undefined);
  return {
    planes: places.map((place) => planes[place]!),
    heightsMm: places.map((place) => order.frames[place]!.heightMm),
    spacingMm: order.spacingMm,
    thicknessMm,
    continued,
    places,
    originsMm: places.map((place) => originMm(place)),
  };
}

type Use = (file: number, work: (source: DicomSource) => Promise<void>) => Promise<void>;

interface Work {
  readonly use: Use;
  readonly pool: DecodePool;
  readonly pixelMm: number;
  readonly allAtOnce: boolean;
  readonly signal: AbortSignal | undefined;
}

interface DecodedSeries {
  /** Of each place; undefined where no file could be decoded. */
  readonly planes: readonly (Plane | undefined)[];
  readonly errors: ReadonlyMap<number, unknown>;
  /** Files that were decoded, and those that were first. */
  readonly placesOf: WantedFrames;
  readonly preferred: WantedFrames;
  /** A box around the measured pixels of all slices, if they do not lie within the given one. */
  readonly needed: PixelBox | undefined;
  /** Of the plane at a place, as in Stack. */
  readonly originMm: (place: number) => readonly [row: number, column: number];
}

/** Decodes all slices, each from the first of its files that is whole. */
async function decodeSeries(order: OrderedSeries, box: PixelBox | undefined, work: Work): Promise<DecodedSeries> {
  const { use, pool, pixelMm, allAtOnce, signal } = work;
  const planes: (Plane | undefined)[] = order.frames.map(() => undefined);
  const shift = rowShifts(order.frames);
  const roomRows = shift.reduce((most, by) => Math.max(most, Math.abs(by)), 0);
  const errors = new Map<number, unknown>();
  let needed: PixelBox | undefined;
  const decodeOne = async (file: number, places: ReadonlyMap<number, number>) => {
    const shifts = Array.from({ length: Math.max(...places.keys()) + 1 }, (_, index) => shift[places.get(index)!] ?? 0);
    await use(file, async (source) => {
      let index = 0;
      const reduction = { pixelMm, shifts, box, roomRows };
      for await (const { beyond, ...plane } of pool.planes(source, reduction, signal ? { signal } : {})) {
        const place = places.get(index++);
        if (place === undefined) continue;
        planes[place] = plane;
        if (beyond) needed = aroundBoth(needed ?? box!, beyond);
      }
    });
  };
  const decodeAll = async (wanted: WantedFrames) => {
    const queue = [...wanted];
    const lane = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [file, places] = next;
        try {
          await decodeOne(file, places);
        } catch (error) {
          signal?.throwIfAborted();
          errors.set(file, error);
          for (const place of places.values()) planes[place] = undefined;
        }
      }
    };
    await Promise.all(Array.from({ length: allAtOnce ? queue.length : pool.size * filesAWorker }, lane));
  };
  const preferred = wantedOf(order.frames.map((frame, place) => ({ ...frame, place })));
  const placesOf = new Map(preferred);
  for (let wanted = preferred; wanted.size > 0; ) {
    await decodeAll(wanted);
    // For each lost slice, the next file that also has it.
    const tried = new Set<number>();
    wanted = wantedOf(
      order.repeated.filter(({ file, place }) => {
        if (planes[place] || tried.has(place) || placesOf.has(file)) return false;
        tried.add(place);
        return true;
      }),
    );
    for (const [file, places] of wanted) placesOf.set(file, places);
  }
  const originMm = (place: number) => {
    const { spacingMm } = planes[place]!;
    const factor = Math.round(Math.max(...spacingMm) / Math.max(...(order.frames[place]!.pixelSpacingMm ?? [1, 1])));
    const [row, column] = box ? [box.top - roomRows, box.left] : [0, 0];
    const middle = (factor - 1) / 2;
    const mm = (pixel: number, axis: 0 | 1) => ((pixel + middle) * spacingMm[axis]) / factor;
    return [mm(row + shift[place]!, 0), mm(column, 1)] as const;
  };
  return { planes, errors, placesOf, preferred, needed, originMm };
}

/** Slices of which one at least is whole in nearly all series, as shares of the stack. */
const lookedAt = [0.5, 0.25, 0.75];

/** The measured pixels of one slice, which are nearly always those of all; undefined if none could be decoded. */
async function firstBox({ frames }: OrderedSeries, { use, pool, signal }: Work): Promise<PixelBox | undefined> {
  for (const share of lookedAt) {
    const { file, frame } = frames[Math.floor(share * frames.length)]!;
    let box: PixelBox | undefined;
    try {
      await use(file, async (source) => {
        box = await pool.box(source, frame);
      });
    } catch {
      signal?.throwIfAborted();
    }
    if (box) return box;
  }
  return undefined;
}

/** For each file, the place in the stack of each frame that is needed. */
type WantedFrames = ReadonlyMap<number, ReadonlyMap<number, number>>;

function wantedOf(frames: readonly RepeatedFrame[]): WantedFrames {
  const wanted = new Map<number, Map<number, number>>();
  for (const { file, frame, place } of frames) {
    const ofFile = wanted.get(file) ?? new Map<number, number>();
    wanted.set(file, ofFile.set(frame, place));
  }
  return wanted;
}

/** Rows by which to move each slice of a tilted gantry, so that the body is upright. */
function rowShifts(frames: readonly OrderedFrame[]): number[] {
  const middle = frames[Math.floor(frames.length / 2)];
  const { orientation, positionMm, pixelSpacingMm } = middle ?? {};
  if (!orientation || !positionMm || !pixelSpacingMm || Math.abs(orientation[0]) < 0.8) return frames.map(() => 0);
  const column = orientation.slice(3);
  const direction = orientation[4] < 0 ? -1 : 1;
  return frames.map(({ positionMm: own }) => {
    if (!own) return 0;
    const awayMm = column.reduce((sum, cosine, axis) => sum + cosine * (own[axis]! - positionMm[axis]!), 0);
    return -Math.round((direction * awayMm) / pixelSpacingMm[0]) || 0;
  });
}
