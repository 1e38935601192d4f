// A hospital's integers for a private sum: its delta, clipped, weighted by its scans before it is rounded (a sum of masked
// numbers can be weighted by nobody afterwards), and rounded by coins that only the hospital has.
import { FedError } from "../../foundation/errors.ts";
import type { Plan } from "../format/plan.ts";
import { parseSafetensorsHeader } from "../format/safetensors.ts";
import { changes } from "../update/changes.ts";
import type { IntegerArray } from "../update/integers.ts";
import { floatTensors } from "../update/model-tensors.ts";
import { roundWithin } from "../update/round-within.ts";
import { updateLayout } from "../update/update-layout.ts";
import { clipNorms } from "../update/update-norm.ts";
import { contextText, type PrivateContext } from "./context.ts";
import { KeyStream } from "./key-stream.ts";

export interface ContributionInput {
  /** Safetensors of the base model. */
  readonly base: Uint8Array;
  /** Safetensors of the weights after training. */
  readonly local: Uint8Array;
  readonly plan: Pick<Plan, "update" | "strategy">;
  /** Training scans, as committed. */
  readonly sampleCount: number;
  /** The sample count of weight 1, a power of two: hospitals with more count as this one. */
  readonly unitWeight: number;
  /** Magnitude at which integers saturate; at most the largest of the plan's type. */
  readonly largest: number;
  readonly secret: Uint8Array;
  readonly context: PrivateContext;
}

/** The weight of a hospital in a private round. */
export function privateWeight(sampleCount: number, unitWeight: number): number {
  return Math.min(sampleCount, unitWeight);
}

/**
 * round((w / W) delta / 2^e), |integers| at most `largest`, their norm within the plan's clip norm. What rounding leaves out
 * is not carried to the next round: it would tie two rounds' inputs together.
 * @throws UPDATE_NOT_FINITE, UPDATE_NORM_EXCEEDED, TENSOR_MISSING, TENSOR_SHAPE_MISMATCH, SAFETENSORS_MALFORMED, MODEL_DTYPE,
 * MODEL_EMPTY, EXPONENTS_MALFORMED
 */
export function makeContribution(input: ContributionInput): {
  readonly integers: IntegerArray;
  /** L2 norm of the delta before clipping. */
  readonly norm: number;
  readonly clipped: boolean;
} {
  const { sampleCount, unitWeight, largest, secret, context } = input;
  const { layout, values, limits, norm, clipped } = clippedDelta(input);
  const scale = ((clipped ? limits.delta / norm : 1) * privateWeight(sampleCount, unitWeight)) / unitWeight;
  for (let index = 0; index < values.length; index++) values[index] = values[index]! * scale;
  const integers = roundWithin(values, layout, { limits, largest }, (attempt) => {
    const coins = KeyStream.ofSecret(secret, contextText("rounding", context, attempt));
    return () => coins.uint32();
  });
  return { integers, norm, clipped };
}

/** The delta before it is scaled, and whether it is to be clipped. @throws as makeContribution */
function clippedDelta({ base, local, plan }: Pick<ContributionInput, "base" | "local" | "plan">) {
  const layout = updateLayout(parseSafetensorsHeader(base, base.byteLength), plan);
  const { values, norms } = changes({ base, local, residual: undefined }, layout);
  const limits = clipNorms(plan);
  return { layout, values, limits, norm: norms.delta, clipped: norms.delta > limits.delta };
}

/**
 * The norm and the clipping that makeContribution will find, to the bit, without its vectors of numbers.
 * @throws as makeContribution
 */
export function deltaFigures({ base, local, plan }: Pick<ContributionInput, "base" | "local" | "plan">): {
  readonly norm: number;
  readonly clipped: boolean;
} {
  const layout = updateLayout(parseSafetensorsHeader(base, base.byteLength), plan);
  const [before, after] = [floatTensors(base, "base"), floatTensors(local, "local")];
  let squared = 0;
  for (const { name, shape, group } of layout.segments) {
    const [from, to] = [before(name, shape), after(name, shape)];
    let sum = 0;
    for (let index = 0; index < to.length; index++) {
      const change = to[index]! - from[index]!;
      sum += change * change;
    }
    if (!Number.isFinite(sum)) throw new FedError("UPDATE_NOT_FINITE", { name, group });
    squared += sum;
  }
  const norm = Math.sqrt(squared);
  return { norm, clipped: norm > clipNorms(plan).delta };
}
