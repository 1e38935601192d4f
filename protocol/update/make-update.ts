// Makes a hospital's update: the change of the weights, clipped and rounded to integers, as the bytes that it commits to.
// Clipping bounds influence, so what it removes is dropped. What rounding, saturation and sparsity leave out is returned as
// the residual and added to the hospital's next update (error feedback, Seide et al. 2014; Karimireddy et al. 2019).

import { seededIntegers } from "../../foundation/random.ts";
import type { HospitalAddress } from "../format/digest.ts";
import type { Plan } from "../format/plan.ts";
import { encodeSafetensors, type NamedTensor, parseSafetensorsHeader } from "../format/safetensors.ts";
import { changes, type TrainedWeights } from "./changes.ts";
import { type IntegerArray, largestInteger } from "./integers.ts";
import { floatTensors } from "./model-tensors.ts";
import { powerOfTwo } from "./power-of-two.ts";
import { roundWithin } from "./round-within.ts";
import { encodeSparse, keepLargest } from "./sparse-coding.ts";
import { proposedExponent } from "./step-exponents.ts";
import {
  denseTensors,
  keptCoordinates,
  notesMetadata,
  type Segment,
  sparseTensors,
  type UpdateLayout,
  updateLayout,
} from "./update-layout.ts";
import { clipNorms } from "./update-norm.ts";

/** What an update is made of. */
export interface UpdateInput extends TrainedWeights {
  /** The sections that decide the update's bytes; the seed also decides how values are rounded. */
  readonly plan: Pick<Plan, "seed" | "update" | "strategy">;
  /** The round of the training: rounding draws other numbers in each. */
  readonly round: number;
  /** The chain key of the hospital: rounding draws other numbers for each. */
  readonly hospital: HospitalAddress;
}

/** An update, with what it leaves out. */
export interface MadeUpdate {
  /** Safetensors of integers. */
  readonly update: Uint8Array;
  /** Safetensors of float32: what rounding left out and, under SCAFFOLD, the control variate. Keep it for the next round. */
  readonly residual: Uint8Array;
  /** L2 norm of delta and residual before clipping. */
  readonly norm: number;
  /** Whether `norm` was above `clipNorm`, so that the update was scaled down to it. */
  readonly clipped: boolean;
}

/**
 * Subtracts, clips, rounds and encodes: the same input gives the same bytes on every machine.
 * @throws UPDATE_NOT_FINITE, UPDATE_NORM_EXCEEDED, CONTROL_MISSING, TENSOR_MISSING, TENSOR_SHAPE_MISMATCH,
 * SAFETENSORS_MALFORMED, MODEL_DTYPE, MODEL_EMPTY, EXPONENTS_MALFORMED
 */
export function makeUpdate(input: UpdateInput): MadeUpdate {
  const { plan, round, hospital } = input;
  const layout = updateLayout(parseSafetensorsHeader(input.base, input.base.byteLength), plan);
  const { values, norms } = changes(input, layout);
  const limits = clipNorms(plan);
  const scales = { delta: clipScale(norms.delta, limits.delta), control: clipScale(norms.control, limits.control) };
  for (const { group, start, length } of layout.segments) {
    if (scales[group] === 1) continue;
    for (let index = start; index < start + length; index++) values[index] = values[index]! * scales[group];
  }

  let sent = values;
  if (plan.update.topFraction < 1) {
    sent = values.slice();
    keepLargest(sent, keptCoordinates(layout, plan));
  }
  const integers = roundWithin(sent, layout, { limits, largest: largestInteger[layout.type] }, (attempt) =>
    seededIntegers(plan.seed, "update", round, hospital, attempt),
  );
  const metadata = notesMetadata({
    exponents: layout.segments.map(({ exponent }) => exponent),
    proposed: layout.segments.map((segment) => proposalFor(sent, segment, layout)),
  });
  const update =
    plan.update.topFraction < 1
      ? encodeSparseFile(layout, integers, metadata)
      : encodeSafetensors(
          denseTensors(layout).map((tensor, index) => {
            const { start, length } = layout.segments[index]!;
            return { ...tensor, data: integers.subarray(start, start + length) };
          }),
          metadata,
        );
  return {
    update,
    residual: encodeSafetensors(remainder(values, integers, layout, input.residual)),
    norm: norms.delta,
    clipped: scales.delta < 1,
  };
}

function clipScale(norm: number, limit: number): number {
  return norm > limit ? limit / norm : 1;
}

function proposalFor(values: Float64Array, { start, length, exponent }: Segment, { type }: UpdateLayout): number {
  let largestMagnitude = 0;
  let sum = 0;
  let count = 0;
  for (let index = start; index < start + length; index++) {
    const value = values[index]!;
    const magnitude = value < 0 ? -value : value;
    if (magnitude > largestMagnitude) largestMagnitude = magnitude;
    if (magnitude > 0) count++;
    sum += value * value;
  }
  return proposedExponent(type, { largestMagnitude, rootMeanSquare: Math.sqrt(sum / Math.max(1, count)) }, exponent);
}

/** For a delta, the part that rounding left out; for a control variate, its new value: the old one plus the change as sent. */
function remainder(
  values: Float64Array,
  integers: IntegerArray,
  layout: UpdateLayout,
  residual: Uint8Array | undefined,
): NamedTensor[] {
  const before = residual === undefined ? undefined : floatTensors(residual, "residual");
  return layout.segments.map(({ updateName, group, shape, start, length, exponent }) => {
    const step = powerOfTwo(exponent);
    const data = new Float32Array(length);
    const variate = group === "control" ? before?.(updateName, shape) : undefined;
    for (let index = 0; index < length; index++) {
      const sent = integers[start + index]! * step;
      data[index] = group === "control" ? (variate?.[index] ?? 0) + sent : values[start + index]! - sent;
    }
    return { name: updateName, dtype: "F32", shape, data };
  });
}

function encodeSparseFile(layout: UpdateLayout, integers: IntegerArray, metadata: Record<string, string>): Uint8Array {
  const data = encodeSparse(layout.type, integers);
  const [values, gaps] = sparseTensors(layout, data.values.length, data.gaps.length);
  return encodeSafetensors(
    [
      { ...values, data: data.values },
      { ...gaps, data: data.gaps },
    ],
    metadata,
  );
}
