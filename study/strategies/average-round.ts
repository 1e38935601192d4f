// One round without chain and network, which do not change its bytes: updates are clipped, rounded, verified and averaged on
// integers.

import type { HospitalAddress } from "../../protocol/format/digest.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { parseSafetensorsHeader } from "../../protocol/format/safetensors.ts";
import { aggregateToBytes } from "../../protocol/strategy/aggregate.ts";
import { memorySource } from "../../protocol/update/byte-source.ts";
import { makeUpdate } from "../../protocol/update/make-update.ts";
import { verifyUpdate } from "../../protocol/update/verify-update.ts";

export interface TrainedHospital {
  readonly name: HospitalAddress;
  /** Safetensors of the weights after training. */
  readonly weights: Uint8Array;
  readonly sampleCount: number;
  /** What its last update left; undefined before the first round. */
  readonly residual: Uint8Array | undefined;
  /** As TrainOutcome has it; needed for SCAFFOLD. */
  readonly unitMove?: number | undefined;
}

export interface AveragedRound {
  /** Safetensors of the next model. */
  readonly model: Uint8Array;
  /** Of each hospital, in the order given: the size of its update, and the residual for its next round. */
  readonly updates: readonly { readonly bytes: number; readonly residual: Uint8Array }[];
}

/** An address for a hospital without a key, from its place. */
export function placeName(place: number): HospitalAddress {
  return `0x${(place + 1).toString(16).padStart(40, "0")}` as HospitalAddress;
}

/** @throws what makeUpdate, verifyUpdate and aggregate throw */
export async function averageRound(
  plan: Pick<Plan, "seed" | "sampleCap" | "update" | "strategy">,
  base: Uint8Array,
  round: number,
  trained: readonly TrainedHospital[],
): Promise<AveragedRound> {
  const included = [];
  const updates = [];
  for (const [index, { name, weights, sampleCount, residual, unitMove }] of trained.entries()) {
    const made = makeUpdate({ base, local: weights, residual, unitMove, plan, round, hospital: name });
    const source = memorySource(made.update);
    await verifyUpdate(source, { base: parseSafetensorsHeader(base, base.byteLength), plan });
    included.push({ index, sampleCount, age: 0, source });
    updates.push({ bytes: made.update.byteLength, residual: made.residual });
  }
  const input = { plan, base: memorySource(base), updates: included, memberCount: trained.length };
  return { model: (await aggregateToBytes(input)).model, updates };
}
