// A model small enough to work out by hand, and updates with chosen integers, for tests of aggregation.
import { encodeSafetensors, type NamedTensor, parseSafetensorsHeader } from "../../../protocol/format/safetensors.ts";
import type { IncludedUpdate } from "../../../protocol/strategy/aggregate.ts";
import type { StrategyName, StrategySpec } from "../../../protocol/strategy/strategy-spec.ts";
import { memorySource } from "../../../protocol/update/byte-source.ts";
import { integerArray } from "../../../protocol/update/integers.ts";
import { encodeExponents, exponentsKey } from "../../../protocol/update/step-exponents.ts";
import { denseTensors, notesMetadata, type UpdatePlan, updateLayout } from "../../../protocol/update/update-layout.ts";

/** A plan's sections with the strategy's usual parameters, unless others are given. */
export function planOf<Name extends StrategyName>(
  name: Name,
  { strategy = {}, update = {} }: { strategy?: object; update?: Partial<UpdatePlan["update"]> } = {},
): UpdatePlan & { seed: number; sampleCap: number } {
  const adaptive = { serverLearningRate: 0.5, beta1: 0.5, beta2: 0.75, tau: 0.25 };
  const parameters: Record<StrategyName, object> = {
    fedavg: {},
    fedavgm: { serverLearningRate: 1, momentum: 0.5 },
    fedadam: adaptive,
    fedyogi: adaptive,
    fedadagrad: { serverLearningRate: 0.5, tau: 0.25 },
    scaffold: { serverLearningRate: 1, controlClipNorm: 1024 },
    median: {},
    "trimmed-mean": { byzantine: 1 },
    krum: { byzantine: 1 },
    "multi-krum": { byzantine: 1 },
    bulyan: { byzantine: 1 },
    "geometric-median": { iterations: 20 },
  };
  return {
    seed: 7,
    sampleCap: 1000,
    update: { type: "I16", clipNorm: 1024, topFraction: 1, localTensors: [], ...update },
    strategy: { name, maxSharePermille: 1000, maxStaleness: 2, ...parameters[name], ...strategy } as StrategySpec,
  };
}

/** A model file with the given tensors; every step is 2^exponent where one is given. */
export function modelOf(
  tensors: Readonly<Record<string, readonly number[]>>,
  exponents?: readonly number[],
): Uint8Array {
  const named: NamedTensor[] = Object.entries(tensors).map(([name, values]) => ({
    name,
    dtype: "F32",
    shape: [values.length],
    data: Float32Array.from(values),
  }));
  return encodeSafetensors(named, exponents === undefined ? {} : { [exponentsKey]: encodeExponents(exponents) });
}

/** An update of these integers, in flat order. */
export function updateOf(
  base: Uint8Array,
  plan: UpdatePlan,
  integers: readonly number[],
  { exponents, proposed }: { exponents?: readonly number[]; proposed?: readonly number[] } = {},
): Uint8Array {
  const layout = updateLayout(parseSafetensorsHeader(base, base.byteLength), plan);
  const own = exponents ?? layout.segments.map(({ exponent }) => exponent);
  const tensors = denseTensors(layout).map((tensor, position) => {
    const { start, length } = layout.segments[position] as { start: number; length: number };
    const data = integerArray(layout.type, length);
    data.set(integers.slice(start, start + length));
    return { ...tensor, data };
  });
  return encodeSafetensors(tensors, notesMetadata({ exponents: own, proposed: proposed ?? own }));
}

export function included(update: Uint8Array, index: number, sampleCount = 1, age = 0): IncludedUpdate {
  return { index, sampleCount, age, source: memorySource(update) };
}
