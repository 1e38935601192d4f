// The next model from the base and an exact sum of weighted updates, for rounds in which nobody sees a single update. The
// same bytes as aggregate() for the same sum; what the rounds' steps are made from is the sum, since there are no proposals.
import { FedError } from "../../foundation/errors.ts";
import type { ByteSink, ByteSource } from "../update/byte-source.ts";
import { exponentAbove, powerOfTwo } from "../update/power-of-two.ts";
import { clampExponent } from "../update/step-exponents.ts";
import type { UpdateLayout, UpdatePlan } from "../update/update-layout.ts";
import { clipNorms, NormAccumulator } from "../update/update-norm.ts";
import { readHeader } from "../update/update-reader.ts";
import { baseLayout } from "./base-layout.ts";
import { NextModel } from "./next-model.ts";
import { strategyOf } from "./registry.ts";
import type { AggregationRule } from "./strategy.ts";
import type { StrategySpec } from "./strategy-spec.ts";

/** A sum of x = round((w / W) delta / 2^e) over hospitals. */
export interface WeightedSum {
  /** In the flat order of the base's segments. */
  readonly integers: Int32Array;
  /** W: the weight at which x is the delta itself; a power of two. */
  readonly unitWeight: number;
  /** Sum of the hospitals' weights w. */
  readonly totalWeight: number;
  /** Hospitals in the sum. */
  readonly updates: number;
  /** Magnitude at which each hospital's integers saturate. */
  readonly largest: number;
  /** Standard deviation of the noise in the sum, in integers; 0 without differential privacy. */
  readonly noiseStdDev: number;
}

export interface SumAggregationInput {
  readonly plan: UpdatePlan;
  /** Safetensors of the round's base model. */
  readonly base: ByteSource;
  readonly sum: WeightedSum;
  /** Hospitals of the round. */
  readonly memberCount: number;
}

/** Whether a rule needs no single update: weighted means, and server optimisers on them. */
export function needsOnlySum(spec: StrategySpec): boolean {
  const { weigh, combine } = strategyOf(spec);
  return weigh === undefined && combine === undefined && spec.name !== "scaffold";
}

/**
 * Writes the next model's file to the sink: x ← x + 2^e S W / (sum of w), by the plan's server step.
 * @throws STRATEGY_NEEDS_UPDATES, STRATEGY_TOO_FEW_UPDATES, ROUND_SPOILT, SUM_OVERFLOW, SAFETENSORS_MALFORMED, MODEL_NOT_FINITE;
 * MODEL_DTYPE, MODEL_EMPTY, EXPONENTS_MALFORMED, TENSOR_SHAPE_MISMATCH about the base; errors of the source and of the sink
 */
export async function aggregateSum(
  { plan, base, sum, memberCount }: SumAggregationInput,
  sink: ByteSink,
): Promise<void> {
  const strategy: AggregationRule = strategyOf(plan.strategy);
  if (!needsOnlySum(plan.strategy) || plan.update.topFraction < 1) {
    throw new FedError("STRATEGY_NEEDS_UPDATES", { strategy: strategy.name, topFraction: plan.update.topFraction });
  }
  const { integers, unitWeight, totalWeight, updates } = sum;
  const required = Math.max(1, strategy.requiredUpdates(plan.strategy));
  if (updates < required) {
    throw new FedError("STRATEGY_TOO_FEW_UPDATES", { strategy: strategy.name, updates, required });
  }
  const { header } = await readHeader(base);
  const layout = baseLayout(header, plan);
  checkSum(sum, layout, plan);
  const exponents = nextExponents(sum, layout);
  const model = await NextModel.start({ base, header, layout, exponents, strategy, mean: undefined }, sink);
  const participation = updates / memberCount;
  const step =
    strategy.step &&
    ((run: Parameters<NonNullable<typeof strategy.step>>[0]) =>
      strategy.step?.({ ...run, participation }, plan.strategy));
  const scratch = new Float64Array(runLength);
  for (const segment of layout.segments) {
    for (let from = 0; from < segment.length; from += runLength) {
      const sums = scratch.subarray(0, Math.min(runLength, segment.length - from));
      const start = segment.start + from;
      for (let index = 0; index < sums.length; index++) sums[index] = integers[start + index]! * unitWeight;
      await model.move(segment, from, { sums, total: totalWeight }, step as Parameters<NextModel["move"]>[3]);
    }
  }
  await model.finish();
}

const runLength = 1 << 16;

/** A sum that is longer than honest updates and their noise can be is not applied. @throws SUM_OVERFLOW, ROUND_SPOILT */
export function checkSum(sum: WeightedSum, layout: UpdateLayout, plan: UpdatePlan): void {
  const { integers, updates, noiseStdDev, unitWeight, totalWeight } = sum;
  if (integers.length !== layout.coordinates || unitWeight > 2 ** 20 || totalWeight < 1) {
    throw new FedError("SUM_OVERFLOW", { coordinates: integers.length, total: totalWeight, unitWeight });
  }
  const accumulator = new NormAccumulator(layout);
  accumulator.add(integers);
  const norm = accumulator.norms().delta;
  let squaredSteps = 0;
  let coarsest = 0;
  for (const { length, exponent } of layout.segments) {
    squaredSteps += length * powerOfTwo(2 * exponent);
    coarsest = Math.max(coarsest, powerOfTwo(exponent));
  }
  // A normal vector is longer than its root mean square by 8 standard deviations with probability below e^-32.
  const noise = noiseStdDev * (Math.sqrt(squaredSteps) + 8 * coarsest);
  // The least factor is room for float64's own rounding of norms.
  const limit = (updates * clipNorms(plan).delta + noise) * (1 + 2 ** -20);
  if (norm > limit) throw new FedError("ROUND_SPOILT", { norm, limit, updates });
}

/** A coordinate's range above its tensor's root mean square. */
const range = 16;

/**
 * The steps of the next round: the root mean square of one hospital's integers, taken as the sum's divided by √updates,
 * times 16 is to be the largest integer. Noise of a privacy budget is in steps, so with it they stay.
 */
export function nextExponents(
  { integers, updates, largest, noiseStdDev }: Pick<WeightedSum, "integers" | "updates" | "largest" | "noiseStdDev">,
  { segments }: UpdateLayout,
): number[] {
  return segments.map(({ start, length, exponent }) => {
    let squares = 0;
    for (let index = start; index < start + length; index++) squares += integers[index]! * integers[index]!;
    if (squares === 0 || noiseStdDev > 0) return exponent;
    return clampExponent(exponent + exponentAbove((range * Math.sqrt(squares / length / updates)) / largest));
  });
}
