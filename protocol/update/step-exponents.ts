// The step, a power of two, at which each tensor of an update is rounded. All parties must use the same steps, and the steps
// must fit the tensors' real changes, or eight bits are not enough. So the steps of a round are in the base model's file.
// Round 1 takes them from the clip norm; afterwards every update proposes steps, and the median of the proposals is written
// into the new model. Fewer than half of the hospitals cannot move the median.
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import type { PrivacySpec } from "../format/privacy-spec.ts";
import { largestInteger, type UpdateType } from "./integers.ts";
import { exponentAbove } from "./power-of-two.ts";

/** Metadata keys in model files and update files; "wishes" are the proposed exponents. */
export const exponentsKey = "exponents";
export const proposedKey = "wishes";

/** Exponents outside this range make no sense for float32 weights, and could overflow. */
const smallest = -60;
const largest = 24;

/** Factor of the range above the expected values: with more bits, more room costs little. */
const headroom: Readonly<Record<UpdateType, number>> = { I8: 1, I16: 16, I32: 64 };
/** In round 1, a coordinate is expected below this many times the root mean square of a clipped update. */
const firstRange: Readonly<Record<UpdateType, number>> = { I8: 16, I16: 64, I32: 128 };
/** Outliers beyond this many times a tensor's root mean square saturate; they do not make its step coarser. */
const outlier: Readonly<Record<UpdateType, number>> = { I8: 16, I16: 256, I32: 4096 };

/** As `firstRange`, where a plan with private sums says the largest integer, whatever its type. */
const firstPrivateRange = 16;

/**
 * Round 1's exponent of a tensor, for an update at the clip norm, spread evenly over `parameters` coordinates.
 * With differential privacy it is that of every round: one patient's part at its clip norm has the largest integer norm.
 */
export function firstExponent(
  type: UpdateType,
  clipNorm: number,
  parameters: number,
  privacy?: Pick<PrivacySpec, "largest" | "patient">,
): number {
  if (privacy?.patient) {
    return clampExponent(exponentAbove(privacy.patient.clipNorm / privacy.patient.integerNorm));
  }
  const rootMeanSquare = clipNorm / Math.sqrt(Math.max(1, parameters));
  if (privacy === undefined) return exponentFor(type, Math.min(clipNorm, firstRange[type] * rootMeanSquare));
  const range = Math.min(clipNorm, firstPrivateRange * rootMeanSquare);
  return clampExponent(exponentAbove(range / privacy.largest));
}

/**
 * The exponent that a hospital proposes for a tensor, from its own values.
 * @param current the present exponent, kept if the tensor did not move
 */
export function proposedExponent(
  type: UpdateType,
  { largestMagnitude, rootMeanSquare }: { largestMagnitude: number; rootMeanSquare: number },
  current: number,
): number {
  if (!(rootMeanSquare > 0)) return current;
  return exponentFor(type, Math.min(largestMagnitude, outlier[type] * rootMeanSquare) * headroom[type]);
}

/** The next round's exponents: for each tensor the (upper) median of the proposals, one array a hospital. */
export function medianExponents(proposals: readonly (readonly number[])[]): number[] {
  const first = proposals[0] ?? [];
  return first.map((_, tensor) => {
    const sorted = proposals.map((proposed) => proposed[tensor]!).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)]!;
  });
}

export function encodeExponents(exponents: readonly number[]): string {
  return JSON.stringify(exponents);
}

const exponentsSchema = z.array(z.number().int().min(smallest).max(largest));

/** @throws EXPONENTS_MALFORMED unless it is `count` exponents in their one spelling */
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
  return clampExponent(exponentAbove(range / largestInteger[type]));
}

/** The nearest exponent that models and updates may have. */
export function clampExponent(exponent: number): number {
  return Math.min(largest, Math.max(smallest, exponent));
}
