// At which power of two each tensor of an update is rounded. All parties must use the same steps, and steps that suit
// what the tensors really do, or eight bits are not enough. So the steps of a round are public data: they stand in the
// base model's file. Round 1 takes them from the clip norm; afterwards every update says which steps it would have
// liked, and the median of the wishes is written into the new model. Fewer than half of the hospitals cannot move it.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { largestInteger, type UpdateType } from "./integers.ts";
import { exponentAbove } from "./power-of-two.ts";

/** Metadata keys in model files and update files. */
export const exponentsKey = "exponents";
export const wishesKey = "wishes";

/** Exponents outside this make no sense for float32 weights, and could overflow what is computed from them. */
const smallest = -60;
const largest = 24;

/** Room that a step leaves above what is expected, as a factor: the more bits, the more is cheap. */
const headroom: Readonly<Record<UpdateType, number>> = { I8: 1, I16: 16, I32: 64 };
/** Before anything is known, a coordinate is expected below this many times the root mean square of a clipped update. */
const firstRange: Readonly<Record<UpdateType, number>> = { I8: 16, I16: 64, I32: 128 };
/** A tensor's outliers beyond this many times its root mean square do not make its step coarser: they saturate. */
const outlier: Readonly<Record<UpdateType, number>> = { I8: 16, I16: 256, I32: 4096 };

/** Round 1's exponent of a tensor: of an update at the clip norm, spread evenly over `parameters` coordinates. */
export function firstExponent(type: UpdateType, clipNorm: number, parameters: number): number {
  const rootMeanSquare = clipNorm / Math.sqrt(Math.max(1, parameters));
  return exponentFor(type, Math.min(clipNorm, firstRange[type] * rootMeanSquare));
}

/**
 * The exponent a hospital would have liked for a tensor, having seen its own values.
 * @param largestMagnitude of the values, and @param rootMeanSquare of them
 * @param current the present exponent, kept where the tensor did not move
 */
export function wishedExponent(
  type: UpdateType,
  { largestMagnitude, rootMeanSquare }: { largestMagnitude: number; rootMeanSquare: number },
  current: number,
): number {
  if (!(rootMeanSquare > 0)) return current;
  return exponentFor(type, Math.min(largestMagnitude, outlier[type] * rootMeanSquare) * headroom[type]);
}

/** The next round's exponents: per tensor the (upper) median of the wishes, one array a hospital. */
export function medianExponents(wishes: readonly (readonly number[])[]): number[] {
  const first = wishes[0] ?? [];
  return first.map((_, tensor) => {
    const sorted = wishes.map((wish) => wish[tensor] as number).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] as number;
  });
}

export function encodeExponents(exponents: readonly number[]): string {
  return JSON.stringify(exponents);
}

const exponentsSchema = z.array(z.number().int().min(smallest).max(largest));

/** @throws FedError EXPONENTS_MALFORMED unless it is `count` exponents in their one spelling */
export function decodeExponents(text: string | undefined, count: number): number[] {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch (cause) {
    throw new FedError("EXPONENTS_MALFORMED", { count }, { cause });
  }
  const parsed = exponentsSchema.safeParse(value);
  if (!parsed.success || parsed.data.length !== count || encodeExponents(parsed.data) !== text) {
    throw new FedError("EXPONENTS_MALFORMED", { count }, { cause: parsed.error });
  }
  return parsed.data;
}

function exponentFor(type: UpdateType, range: number): number {
  return Math.min(largest, Math.max(smallest, exponentAbove(range / largestInteger[type])));
}
