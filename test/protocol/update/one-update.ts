import { isFedError } from "../../../foundation/errors.ts";
import { seededIntegers } from "../../../foundation/random.ts";
import { parseAddress } from "../../../protocol/format/digest.ts";
import { decodeSafetensors, parseSafetensorsHeader } from "../../../protocol/format/safetensors.ts";
import { aggregateToBytes } from "../../../protocol/strategy/aggregate.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import type { UpdateType } from "../../../protocol/update/integers.ts";
import { type MadeUpdate, makeUpdate, type UpdateInput } from "../../../protocol/update/make-update.ts";
import type { UpdatePlan } from "../../../protocol/update/update-layout.ts";
import { verifyUpdate } from "../../../protocol/update/verify-update.ts";
import { included, type planOf } from "../strategy/small-federation.ts";

const hospital = parseAddress(`0x${"ab".repeat(20)}`);
export const types: readonly UpdateType[] = ["I8", "I16", "I32"];

export function make(given: Partial<UpdateInput> & Pick<UpdateInput, "base" | "local" | "plan">): MadeUpdate {
  return makeUpdate({ residual: undefined, round: 1, hospital, ...given });
}

export function verify(update: Uint8Array, base: Uint8Array, plan: UpdatePlan) {
  return verifyUpdate(memorySource(update), { base: parseSafetensorsHeader(base, base.byteLength), plan });
}

export async function codeOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return isFedError(error) ? error.code : String(error);
  }
}

/** Numbers between -scale and scale, roughly normally distributed. */
export function noise(seed: number, length: number, scale: number): number[] {
  const next = seededIntegers("bell", seed);
  return Array.from({ length }, () => scale * ((next() + next() + next() + next()) / 2 ** 33 - 1));
}

/** The model after one round with this update alone. */
export async function applied(
  plan: ReturnType<typeof planOf>,
  base: Uint8Array,
  update: Uint8Array,
): Promise<Uint8Array> {
  const updates = [included(update, 0)];
  return (await aggregateToBytes({ plan, base: memorySource(base), updates, memberCount: 1 })).model;
}

export const flat = (file: Uint8Array) => decodeSafetensors(file).tensors.flatMap(({ data }) => [...data]);
export const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
