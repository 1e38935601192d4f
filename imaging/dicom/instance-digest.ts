// A digest of a header's values: whether a file is what an image server's metadata said of it.
import { createHash } from "node:crypto";
import type { CtFrame, CtInstance } from "./ct-instance.ts";

/**
 * Of all values that decide about pixels, patients and series. The transfer syntax is left out, since metadata does not name
 * it; numbers that a mark has as text are compared as numbers.
 *
 * @returns hex
 */
export function instanceDigest({ transferSyntax: _, frames, ...instance }: CtInstance): string {
  const values = [inOrderOfNames(instance), frames.map(valuesOf)];
  return createHash("sha256").update(JSON.stringify(values)).digest("hex");
}

function valuesOf({ marks, ...frame }: CtFrame): unknown {
  const compared = inOrderOfNames(marks).map(([name, text]) => {
    const number = Number(text);
    return [name, text?.trim() !== "" && Number.isFinite(number) ? number : text];
  });
  return [inOrderOfNames(frame), compared];
}

/** In one order, whatever the way in which an object was made; values are numbers, texts and lists of them. */
function inOrderOfNames<T extends object>(values: T): [string, T[keyof T]][] {
  const known = Object.entries(values).filter(([, value]) => value !== undefined);
  return known.sort(([a], [b]) => (a < b ? -1 : 1)) as [string, T[keyof T]][];
}
