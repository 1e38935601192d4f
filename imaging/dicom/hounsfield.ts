// From a stored word to HU by one table: bits, sign, padding, rescale, rounding and clamping, all decided once a series.
import type { CtFrame, CtInstance } from "./ct-instance.ts";

/** What a pixel is where nothing was measured: padding, and the corners outside the round field of view. */
export const OUTSIDE_HU = -1000;
export const LOWEST_HU = -1024;
export const HIGHEST_HU = 3071;
/** Scanners write -2048 or -3024 HU outside the round field; noise in air does not reach this far down. */
const NEVER_MEASURED_BELOW_HU = -1200;

/** How words hold stored values (PS3.5 8.1.1). */
type Layout = Pick<
  CtInstance,
  "bitsAllocated" | "bitsStored" | "highBit" | "isSigned" | "pixelPaddingValue" | "pixelPaddingLimit"
>;

/** The stored value of each word of 8 or 16 bits: the stored bits, with their sign extended. */
export function storedValue({ bitsStored, highBit, isSigned }: Layout, word: number): number {
  const bits = word >>> (highBit + 1 - bitsStored);
  const unused = 32 - bitsStored;
  return isSigned ? (bits << unused) >> unused : (bits << unused) >>> unused;
}

/** HU of every word, clamped to LOWEST_HU..HIGHEST_HU: index a word of 8 or 16 bits, read HU. Kept for the next file. */
export function hounsfieldTable(layout: Layout, { rescaleSlope, rescaleIntercept }: CtFrame): Int16Array {
  const { bitsAllocated, bitsStored, highBit, isSigned, pixelPaddingValue, pixelPaddingLimit } = layout;
  const key = [
    ...[bitsAllocated, bitsStored, highBit, isSigned, pixelPaddingValue, pixelPaddingLimit],
    ...[rescaleSlope, rescaleIntercept],
  ].join("/");
  const kept = tables.get(key);
  if (kept) return kept;
  const padding = pixelPaddingValue ?? Number.NaN;
  const lowestPadding = Math.min(padding, pixelPaddingLimit ?? padding);
  const highestPadding = Math.max(padding, pixelPaddingLimit ?? padding);
  const isPadding = (value: number) => value >= lowestPadding && value <= highestPadding;
  const unused = 32 - bitsAllocated;
  const table = Int16Array.from({ length: 2 ** bitsAllocated }, (_, word) => {
    const stored = storedValue(layout, word);
    // Some files pad with values that do not fit in the stored bits: 63536 among 12-bit values.
    if (isPadding(stored) || isPadding(isSigned ? (word << unused) >> unused : word)) return OUTSIDE_HU;
    const hu = stored * rescaleSlope + rescaleIntercept;
    if (hu < NEVER_MEASURED_BELOW_HU) return OUTSIDE_HU;
    return Math.min(HIGHEST_HU, Math.max(LOWEST_HU, Math.round(hu)));
  });
  if (tables.size >= MOST_TABLES) tables.delete(tables.keys().next().value!);
  tables.set(key, table);
  return table;
}

// A series shares one table; frames of an enhanced file may each have their own. 128 KiB each.
const MOST_TABLES = 16;
const tables = new Map<string, Int16Array>();
