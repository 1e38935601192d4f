// Numbers that a file writes as text (DS, IS; PS3.5 6.2), also with a decimal comma, which the standard forbids and some
// writers use. A text with two readings is not read.

/** Unreadable: the value is not the expected count of numbers, or a comma in it may separate thousands. */
export type Decimals = readonly number[] | "unreadable";

const number = /^[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?$/;
/** A decimal comma for certain: after a zero, or before other than three digits. */
const certainComma = /^[+-]?(0*,\d+|\d+,(\d{1,2}|\d{4,}))([eEdD][+-]?\d+)?$/;
const possibleComma = /^[+-]?\d*,\d+([eEdD][+-]?\d+)?$/;

/**
 * @param text not empty; values apart by backslashes
 * @param count how many values the element has; of one, further ones must be the same
 * @param hasDecimalCommas whether another element of the file has a decimal comma for certain
 */
export function readDecimals(text: string, count: number, hasDecimalCommas: () => boolean): Decimals {
  const parts = text.split("\\").map((part) => part.trim());
  if (parts.length === 1 && count > 1) return valuesOf(separatedByCommas(parts[0]!, count), count, hasDecimalCommas);
  return valuesOf(parts, count, hasDecimalCommas);
}

/** Whether a text has a decimal comma that cannot be anything else. */
export function hasCertainComma(text: string): boolean {
  return text.split("\\").some((part) => certainComma.test(part.trim()));
}

function valuesOf(parts: readonly string[], count: number, hasDecimalCommas: () => boolean): Decimals {
  const values: number[] = [];
  for (const part of parts) {
    const isComma = certainComma.test(part) || (possibleComma.test(part) && hasDecimalCommas());
    const written = isComma ? part.replace(",", ".") : part;
    const value = number.test(written) ? Number(written.replace(/d/i, "e")) : Number.NaN;
    if (!Number.isFinite(value)) return "unreadable";
    values.push(value);
  }
  return ofCount(values, count);
}

/** One value may be repeated; which of several it is, nothing says. */
export function ofCount(values: readonly number[], count: number): Decimals {
  const distinct = count === 1 ? [...new Set(values)] : values;
  return distinct.length === count ? distinct : "unreadable";
}

/** "1.29,1.29" has two values, and so has "0,7,0,7"; "1,29" may have one or two. */
function separatedByCommas(text: string, count: number): string[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.length === count && parts.some((part) => part.includes("."))) return parts;
  if (parts.length === 2 * count && !text.includes("."))
    return Array.from({ length: count }, (_, index) => `${parts[2 * index]},${parts[2 * index + 1]}`);
  return [text];
}
