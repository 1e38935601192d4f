// A chosen series decoded into one stack: upright slices from the feet to the head, on all cores, on pixels that are no
// finer than what follows needs, so that memory does not grow with the scanner's matrix.
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { DicomSource } from "../dicom/decode-messages.ts";
import type { DecodePool } from "../dicom/decode-pool.ts";
import type { Plane } from "../volume/geometry.ts";
import type { Side } from "./join-volumes.ts";
import type { OrderedFrame, RepeatedFrame } from "./order.ts";
import type { SeriesCandidate } from "./select.ts";

export interface Stack {
  /** HU, all of one grid. */
  readonly planes: readonly Plane[];
  /** Of each plane along the normal, ascending. */
  readonly heightsMm: readonly number[];
  readonly spacingMm: number;
  readonly thicknessMm: number;
  /** Sides where another series of the patient goes on that may be the same scan. */
  readonly continued: readonly Side[];
}

export interface DamagedFile {
  readonly file: number;
  readonly error: unknown;
  /** Whether other files had all that was wanted of it. */
  readonly isReplaced: boolean;
}

/** Asked for at once, so that no worker waits for this thread. */
const FILES_A_WORKER = 10;
/** More than this share of a series' files damaged, and what is left shows no longer the scan. */
const MOST_DAMAGED = 0.2;

/**
 * Decodes a series. Files that fail are told; where no other file has the same slices these are left out, up to a fifth of
 * the files.
 *
 * @param pixelMm what pixels may be shrunk to; 0 keeps the scanner's
 * @throws {FedError} SERIES_DAMAGED with the first file's error as cause, and what `signal` throws
 */
export async function readStack(
  { order, thicknessMm, continued }: SeriesCandidate,
  use: (file: number, work: (source: DicomSource) => Promise<void>) => Promise<void>,
  {
    pool,
    pixelMm,
    signal,
    onDamaged,
  }: {
    readonly pool: DecodePool;
    readonly pixelMm: number;
    readonly signal?: AbortSignal;
    readonly onDamaged?: (damaged: DamagedFile) => void;
  },
): Promise<Stack> {
  const planes: (Plane | undefined)[] = order.frames.map(() => undefined);
  const shift = rowShifts(order.frames);
  const errors = new Map<number, unknown>();
  const decodeOne = async (file: number, places: ReadonlyMap<number, number>) => {
    const shifts = Array.from({ length: Math.max(...places.keys()) + 1 }, (_, index) => shift[places.get(index)!] ?? 0);
    await use(file, async (source) => {
      let index = 0;
      for await (const plane of pool.planes(source, { pixelMm, shifts }, signal ? { signal } : {})) {
        const place = places.get(index++);
        if (place !== undefined) planes[place] = plane;
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
    await Promise.all(Array.from({ length: pool.size * FILES_A_WORKER }, lane));
  };
  const preferred = wantedOf(order.frames.map((frame, place) => ({ ...frame, place })));
  const placesOf = new Map(preferred);
  for (let wanted = preferred; wanted.size > 0; ) {
    await decodeAll(wanted);
    // Of a slice that is lost, the next file that has it as well.
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
  const damaged = [...errors]
    .sort(([a], [b]) => a - b)
    .map(([file, error]): DamagedFile => {
      const isReplaced = [...placesOf.get(file)!.values()].every((place) => planes[place] !== undefined);
      return { file, error, isReplaced };
    });
  const lost = damaged.filter(({ file, isReplaced }) => preferred.has(file) && !isReplaced);
  if (lost.length > MOST_DAMAGED * preferred.size) {
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
  const kept = order.frames.flatMap(({ heightMm }, place) =>
    planes[place] ? [{ heightMm, plane: planes[place] }] : [],
  );
  return {
    planes: kept.map(({ plane }) => plane),
    heightsMm: kept.map(({ heightMm }) => heightMm),
    spacingMm: order.spacingMm,
    thicknessMm,
    continued,
  };
}

/** By file, the place in the stack of each of its frames that is wanted. */
type WantedFrames = ReadonlyMap<number, ReadonlyMap<number, number>>;

function wantedOf(frames: readonly RepeatedFrame[]): WantedFrames {
  const wanted = new Map<number, Map<number, number>>();
  for (const { file, frame, place } of frames) {
    const ofFile = wanted.get(file) ?? new Map<number, number>();
    wanted.set(file, ofFile.set(frame, place));
  }
  return wanted;
}

/** Under a tilted gantry each slice begins farther back or forth: rows to move, so that the body stands straight. */
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
