// From stored words to HU: bits, sign, padding, rescale, rounding and clamping, by one table a series, or by the faster
// kernel if the rescale adds a whole number.
import type { CtFrame, CtInstance } from "./ct-instance.ts";
import { hounsfieldByKernel } from "./hounsfield-kernel.ts";
import type { ReadBytes } from "./pixel-data.ts";

/** HU of pixels that were not measured: padding, and the corners outside the round field of view. */
export const outsideHu = -1000;
export const lowestHu = -1024;
export const highestHu = 3071;
/** Scanners write -2048 or -3024 HU outside the round field; noise in air does not reach this far down. */
const neverMeasuredBelowHu = -1200;

/** How words hold stored values (PS3.5 8.1.1). */
export type Layout = Pick<
  CtInstance,
  "bitsAllocated" | "bitsStored" | "highBit" | "isSigned" | "pixelPaddingValue" | "pixelPaddingLimit"
> & {
  /**
   * A word is negative only if all bits above the stored ones say so: where the header names a sign that the values do not
   * have, dense bone would be read as air. Other bits above them are an overlay's.
   */
  readonly isSignExtended?: boolean;
  /** No bits say whether values have the sign that the header names. */
  readonly isSignUnproven?: boolean;
};

/** Stored pixels in this machine's order, read part by part. */
export interface StoredWords {
  readonly bytesPerWord: 1 | 2;
  readonly read: ReadBytes;
}

type Rescale = Pick<CtFrame, "rescaleSlope" | "rescaleIntercept">;

/** Padding up to this is what air looks like, and measured air may have the same value. */
const airUpToHu = -950;

/**
 * The value of pixels that were not measured. One value that means air is read as air: whether a writer names it must not
 * change how measured air looks.
 */
function paddingOf(layout: Layout, { rescaleSlope, rescaleIntercept }: Rescale): number | undefined {
  const { pixelPaddingValue, pixelPaddingLimit } = layout;
  if (pixelPaddingValue === undefined || pixelPaddingLimit !== undefined) return pixelPaddingValue;
  const hu = storedValue(layout, pixelPaddingValue) * rescaleSlope + rescaleIntercept;
  const isStored = storedValue(layout, pixelPaddingValue) === pixelPaddingValue;
  return isStored && hu >= neverMeasuredBelowHu && hu <= airUpToHu ? undefined : pixelPaddingValue;
}

/** The stored value of each word of 8 or 16 bits: the stored bits, with their sign extended. */
export function storedValue(layout: Layout, word: number): number {
  const { bitsStored, highBit, isSigned, isSignExtended } = layout;
  if (isSignExtended && (word | (2 ** (bitsStored - 1) - 1)) !== 0xffff) return word & (2 ** bitsStored - 1);
  const bits = word >>> (highBit + 1 - bitsStored);
  const unused = 32 - bitsStored;
  return isSigned ? (bits << unused) >> unused : (bits << unused) >>> unused;
}

/** Writes the HU of the words, clamped to lowestHu..highestHu, to `into`, until it is full. */
export function toHounsfield(
  { bytesPerWord, read }: StoredWords,
  layout: Layout,
  frame: Rescale,
  into: Int16Array,
): void {
  if (bytesPerWord === 2 && isWholeShift(layout, frame)) {
    const { isSigned, bitsStored, highBit } = layout;
    hounsfieldByKernel(
      read,
      {
        isSigned,
        left: 15 - highBit,
        right: 16 - bitsStored,
        intercept: frame.rescaleIntercept,
        padding: paddingOf(layout, frame),
        neverBelow: neverMeasuredBelowHu,
        outside: outsideHu,
        lowest: lowestHu,
        highest: highestHu,
      },
      into,
    );
  } else {
    const table = hounsfieldTable(layout, frame);
    const words = bytesPerWord === 1 ? part : partWords;
    for (let from = 0; from < into.length; from += words.length) {
      const count = Math.min(words.length, into.length - from);
      read(part.subarray(0, count * bytesPerWord), from * bytesPerWord);
      for (let at = 0; at < count; at++) into[from + at] = table[words[at]!]!;
    }
  }
}

const part = new Uint8Array(2 ** 16);
const partWords = new Uint16Array(part.buffer);

/** Whether the kernel can do it: 16-bit words, one padding value, a whole number to add. */
function isWholeShift(layout: Layout, { rescaleSlope, rescaleIntercept }: Rescale): boolean {
  const { bitsAllocated, bitsStored, isSigned, isSignExtended, pixelPaddingValue, pixelPaddingLimit } = layout;
  return (
    bitsAllocated === 16 &&
    !isSignExtended &&
    (isSigned || bitsStored < 16) &&
    (pixelPaddingLimit === undefined || pixelPaddingValue === undefined) &&
    rescaleSlope === 1 &&
    Number.isInteger(rescaleIntercept) &&
    Math.abs(rescaleIntercept) < 2 ** 15
  );
}

/** HU of every word, clamped to lowestHu..highestHu: the index is a word of 8 or 16 bits. Cached for the next file. */
export function hounsfieldTable(layout: Layout, rescale: Rescale): Int16Array {
  const { bitsAllocated, bitsStored, highBit, isSigned, pixelPaddingValue, pixelPaddingLimit } = layout;
  const { rescaleSlope, rescaleIntercept } = rescale;
  const key = [
    ...[bitsAllocated, bitsStored, highBit, isSigned, pixelPaddingValue, pixelPaddingLimit],
    ...[rescaleSlope, rescaleIntercept, layout.isSignExtended === true],
  ].join("/");
  const kept = tables.get(key);
  if (kept) return kept;
  const padding = paddingOf(layout, rescale) ?? Number.NaN;
  const lowestPadding = Math.min(padding, pixelPaddingLimit ?? padding);
  const highestPadding = Math.max(padding, pixelPaddingLimit ?? padding);
  const isPadding = (value: number) => value >= lowestPadding && value <= highestPadding;
  const unused = 32 - bitsAllocated;
  const table = Int16Array.from({ length: 2 ** bitsAllocated }, (_, word) => {
    const stored = storedValue(layout, word);
    // Some files pad with values that do not fit in the stored bits: 63536 among 12-bit values.
    if (isPadding(stored) || isPadding(isSigned ? (word << unused) >> unused : word)) return outsideHu;
    if (layout.isSignExtended && isPadding(storedValue({ ...layout, isSignExtended: false }, word))) return outsideHu;
    const hu = stored * rescaleSlope + rescaleIntercept;
    if (hu < neverMeasuredBelowHu) return outsideHu;
    return Math.min(highestHu, Math.max(lowestHu, Math.round(hu)));
  });
  if (tables.size >= mostTables) tables.delete(tables.keys().next().value!);
  tables.set(key, table);
  return table;
}

// A series shares one table; frames of an enhanced file may each have their own. 128 KiB each.
const mostTables = 16;
const tables = new Map<string, Int16Array>();
