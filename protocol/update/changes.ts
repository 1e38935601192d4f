// How far training has moved the weights, as one flat vector of real numbers.
import { FedError } from "../../foundation/errors.ts";
import { parseSafetensorsHeader } from "../format/safetensors.ts";
import { floatTensors } from "./model-tensors.ts";
import { serverControlPrefix, type UpdateLayout } from "./update-layout.ts";
import type { GroupNorms } from "./update-norm.ts";

/** What training started from and ended with. */
export interface TrainedWeights {
  /** Safetensors of the base model. */
  readonly base: Uint8Array;
  /** Safetensors of the weights after training: the base's tensors (without the server's and with any local ones). */
  readonly local: Uint8Array;
  /** The residual of this hospital's last makeUpdate; undefined before its first. */
  readonly residual: Uint8Array | undefined;
  /** SCAFFOLD only: how far a constant gradient of 1 would have moved each weight (TrainOutcome.unitMove). */
  readonly unitMove?: number | undefined;
}

/**
 * local - base + residual (and the control variate's change), in flat order.
 * @throws UPDATE_NOT_FINITE, CONTROL_MISSING, TENSOR_MISSING, TENSOR_SHAPE_MISMATCH, SAFETENSORS_MALFORMED
 */
export function changes(input: TrainedWeights, layout: UpdateLayout): { values: Float64Array; norms: GroupNorms } {
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
