// The integer types of updates and their largest values, chosen so that sums stay exact.
import type { UpdateSpec } from "./update-spec.ts";

export type UpdateType = UpdateSpec["type"];
/** Integers of an update, of the plan's `update.type`. */
export type IntegerArray = Int8Array | Int16Array | Int32Array;

/**
 * Largest magnitude by type. With weights of at most 2^20 from at most 1024 hospitals, even I32's sums stay below
 * 2^53, where float64 adds integers exactly; symmetric, so that a sign flip is representable.
 */
export const largestInteger: Readonly<Record<UpdateType, number>> = { I8: 127, I16: 32767, I32: 2 ** 23 - 1 };

export const maxUpdates = 1024;
export const maxWeight = 2 ** 20;

export function integerArray(type: UpdateType, length: number): IntegerArray {
  if (type === "I8") return new Int8Array(length);
  return type === "I16" ? new Int16Array(length) : new Int32Array(length);
}

export function integerBytes(type: UpdateType): number {
  if (type === "I8") return 1;
  return type === "I16" ? 2 : 4;
}

/** The bytes as integers: a view where they are aligned, else a copy. Little-endian machines only, as safetensors is. */
export function viewIntegers(type: UpdateType, bytes: Uint8Array): IntegerArray {
  const width = integerBytes(type);
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  const { buffer, byteOffset } = aligned;
  const length = aligned.byteLength / width;
  if (type === "I8") return new Int8Array(buffer, byteOffset, length);
  return type === "I16" ? new Int16Array(buffer, byteOffset, length) : new Int32Array(buffer, byteOffset, length);
}
