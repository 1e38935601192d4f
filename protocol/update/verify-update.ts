// The checks of another hospital's update before it is averaged: tensors, shapes, steps, bounds, norm.
import { FedError } from "../../foundation/errors.ts";
import type { SafetensorsHeader } from "../format/safetensors.ts";
import type { ByteSource } from "./byte-source.ts";
import { type IntegerArray, integerArray, largestInteger } from "./integers.ts";
import { type UpdatePlan, updateLayout } from "./update-layout.ts";
import { clipNorms, NormAccumulator } from "./update-norm.ts";
import { openUpdate } from "./update-reader.ts";

const runLength = 1 << 16;

/**
 * Checks an update against its base and plan; reads the whole file once, in constant memory.
 * @param base header of the update's base model
 * @throws UPDATE_MALFORMED, SAFETENSORS_MALFORMED, EXPONENTS_MALFORMED, UPDATE_STEP_MISMATCH,
 * UPDATE_OUT_OF_BOUNDS, UPDATE_NORM_EXCEEDED; MODEL_DTYPE, MODEL_EMPTY where the base is no model; errors of the source
 */
export async function verifyUpdate(
  source: ByteSource,
  { base, plan }: { base: SafetensorsHeader; plan: UpdatePlan },
): Promise<{
  /** L2 norm of the delta, at most the plan's `clipNorm`. */
  norm: number;
}> {
  const layout = updateLayout(base, plan);
  const reader = await openUpdate(source, layout, plan);
  layout.segments.forEach(({ updateName, exponent }, index) => {
    const found = reader.notes.exponents[index];
    if (found !== exponent) throw new FedError("UPDATE_STEP_MISMATCH", { name: updateName, expected: exponent, found });
  });
  const limit = largestInteger[layout.type];
  const buffer = integerArray(layout.type, runLength);
  const accumulator = new NormAccumulator(layout);
  for (let start = 0; start < layout.coordinates; start += runLength) {
    const integers = buffer.subarray(0, Math.min(runLength, layout.coordinates - start));
    await reader.next(integers);
    const beyond = firstBeyond(integers, limit);
    if (beyond >= 0) {
      const facts = { coordinate: start + beyond, integer: integers[beyond], limit };
      throw new FedError("UPDATE_OUT_OF_BOUNDS", facts);
    }
    accumulator.add(integers);
  }
  const norms = accumulator.norms();
  const limits = clipNorms(plan);
  for (const group of ["delta", "control"] as const) {
    if (norms[group] > limits[group]) {
      throw new FedError("UPDATE_NORM_EXCEEDED", { group, norm: norms[group], limit: limits[group] });
    }
  }
  return { norm: norms.delta };
}

/** Position of the first integer that is larger in magnitude than the limit, or -1. */
function firstBeyond(integers: IntegerArray, limit: number): number {
  // Types of 8 and 16 bits have one such value, and the engine's own search for a value is several times faster.
  if (!(integers instanceof Int32Array)) return integers.indexOf(-limit - 1);
  for (let index = 0; index < integers.length; index++) {
    const integer = integers[index]!;
    if (integer > limit || integer < -limit) return index;
  }
  return -1;
}
