// Makes a hospital's update: the change of the weights, clipped and rounded to integers, as the bytes that it commits to.
// Clipping bounds influence, so what it removes is dropped. What rounding, saturation and sparsity leave out is returned as
// the residual and added to the hospital's next update (error feedback, Seide et al. 2014; Karimireddy et al. 2019).

import { FedError } from "../../foundation/errors.ts";
import { seededIntegers } from "../../foundation/random.ts";
import type { HospitalAddress } from "../format/digest.ts";
import type { Plan } from "../format/plan.ts";
import { encodeSafetensors, type NamedTensor, parseSafetensorsHeader } from "../format/safetensors.ts";
import { type IntegerArray, integerArray } from "./integers.ts";
import { floatTensors } from "./model-tensors.ts";
import { powerOfTwo } from "./power-of-two.ts";
import { quantise, type Rounding } from "./quantise.ts";
import { encodeSparse, keepLargest } from "./sparse-coding.ts";
import { proposedExponent } from "./step-exponents.ts";
import {
  denseTensors,
  keptCoordinates,
  notesMetadata,
  type Segment,
  serverControlPrefix,
  sparseTensors,
  type UpdateLayout,
  updateLayout,
} from "./update-layout.ts";
import { clipNorms, type GroupNorms, NormAccumulator, scaleWithin } from "./update-norm.ts";

/** What an update is made of. */
export interface UpdateInput {
  /** Safetensors of the base model. */
  readonly base: Uint8Array;
  /** Safetensors of the weights after training: the base's tensors (without the server's and with any local ones). */
  readonly local: Uint8Array;
  /** The residual of this hospital's last makeUpdate; undefined before its first. */
  readonly residual: Uint8Array | undefined;
  /** SCAFFOLD only: how far a constant gradient of 1 would have moved each weight (TrainOutcome.unitMove). */
  readonly unitMove?: number | undefined;
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
  const integers = roundWithin(sent, layout, limits, (attempt) =>
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

/** local - base + residual (and the control variate's change), in flat order. */
function changes(input: UpdateInput, layout: UpdateLayout): { values: Float64Array; norms: GroupNorms } {
  const base = floatTensors(input.base, "base");
  const local = floatTensors(input.local, "local");
  const residual = input.residual === undefined ? undefined : floatTensors(input.residual, "residual");
  const { tensors } = parseSafetensorsHeader(input.base, input.base.byteLength);
  const hasControl = tensors.some(({ name }) => name.startsWith(serverControlPrefix));
  const values = new Float64Array(layout.coordinates);
  const squared = { delta: 0, control: 0 };
  for (const { name, updateName, group, shape, start, length } of layout.segments) {
    const part = values.subarray(start, start + length);
    part.set(local(name, shape));
    addTo(part, base(name, shape), -1);
    if (group === "control") {
      const { unitMove } = input;
      if (unitMove === undefined) throw new FedError("CONTROL_MISSING", { name });
      // Karimireddy 2020, option II: the change is (base - local) / (K lr) - c. What rounding or clipping leaves out of
      // it is not carried over: the variate becomes what the server has received, and the next change starts from there.
      for (let index = 0; index < length; index++) part[index] = -part[index]! / unitMove;
      if (hasControl) addTo(part, base(serverControlPrefix + name, shape), -1);
    } else if (residual) addTo(part, residual(updateName, shape), 1);
    const sum = squaredNorm(part);
    if (!Number.isFinite(sum)) throw new FedError("UPDATE_NOT_FINITE", { name, group });
    squared[group] += sum;
  }
  return { values, norms: { delta: Math.sqrt(squared.delta), control: Math.sqrt(squared.control) } };
}

function addTo(values: Float64Array, terms: Float32Array, sign: 1 | -1): void {
  for (let index = 0; index < values.length; index++) {
    values[index] = values[index]! + sign * terms[index]!;
  }
}

function squaredNorm(values: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]! * values[index]!;
  return sum;
}

function clipScale(norm: number, limit: number): number {
  return norm > limit ? limit / norm : 1;
}

/** Integers whose norm, computed as verifyUpdate computes it, is within the limits. */
function roundWithin(
  values: Float64Array,
  layout: UpdateLayout,
  limits: GroupNorms,
  generator: (attempt: number) => () => number,
): IntegerArray {
  const integers = integerArray(layout.type, layout.coordinates);
  const scales = { delta: 1, control: 1 };
  // Rounding noise can lengthen a clipped vector beyond the limit: round again with room for it, then without noise.
  for (const attempt of [1, 2, 3]) {
    const rounding: Rounding =
      attempt < 3 ? { kind: "stochastic", next: generator(attempt) } : { kind: "towards-zero" };
    for (const segment of layout.segments) {
      const scale = attempt < 3 ? scales[segment.group] : 1 - 2 ** -40;
      quantise(values, integers, segment, { type: layout.type, scale, rounding });
    }
    const accumulator = new NormAccumulator(layout);
    accumulator.add(integers);
    const norms = accumulator.norms();
    if (norms.delta <= limits.delta && norms.control <= limits.control) return integers;
    for (const group of ["delta", "control"] as const) {
      if (norms[group] > limits[group]) scales[group] = scaleWithin(norms[group], limits[group]);
    }
  }
  throw new FedError("UPDATE_NORM_EXCEEDED", { limit: limits.delta });
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
