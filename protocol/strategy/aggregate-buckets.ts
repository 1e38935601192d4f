// The next model from the exact sums of a round's buckets: a robust rule over the buckets' means, in which every bucket counts the
// same. Fewer than half of the buckets, hostile in any way, cannot move a coordinate beyond the range of the others.
import { FedError, isFedError } from "../../foundation/errors.ts";
import { fewestBuckets } from "../private/buckets.ts";
import type { ByteSink } from "../update/byte-source.ts";
import { medianExponents } from "../update/step-exponents.ts";
import type { UpdateLayout, UpdatePlan } from "../update/update-layout.ts";
import { readHeader } from "../update/update-reader.ts";
import { checkSum, nextExponents, type SumAggregationInput, type WeightedSum } from "./aggregate-sum.ts";
import { baseLayout } from "./base-layout.ts";
import { NextModel } from "./next-model.ts";
import { strategyOf } from "./registry.ts";
import type { StrategySpec } from "./strategy-spec.ts";

export interface BucketAggregationInput extends Pick<SumAggregationInput, "plan" | "base"> {
  /** Of each opened bucket whose sum was found. */
  readonly sums: readonly WeightedSum[];
  /** Buckets that were drawn. */
  readonly buckets: number;
}

/** The rules over buckets' means: those that take the middle of each coordinate. */
export type BucketRule = Extract<StrategySpec, { readonly name: "median" | "trimmed-mean" }>;

export function isBucketRule(spec: StrategySpec): spec is BucketRule {
  return spec.name === "median" || spec.name === "trimmed-mean";
}

/**
 * Writes the next model's file to the sink.
 * @returns for each sum why it was left out; undefined where it was not
 * @throws ROUND_SPOILT where not more than half of the buckets are left; STRATEGY_NEEDS_UPDATES, SUM_OVERFLOW,
 * SAFETENSORS_MALFORMED, MODEL_NOT_FINITE; MODEL_DTYPE, MODEL_EMPTY, EXPONENTS_MALFORMED, TENSOR_SHAPE_MISMATCH about the base;
 * errors of the source and of the sink
 */
export async function aggregateBuckets(
  { plan, base, sums, buckets }: BucketAggregationInput,
  sink: ByteSink,
): Promise<readonly (FedError | undefined)[]> {
  const { strategy, update } = plan;
  if (!isBucketRule(strategy) || update.topFraction < 1) {
    throw new FedError("STRATEGY_NEEDS_UPDATES", { strategy: strategy.name, topFraction: update.topFraction });
  }
  const { header } = await readHeader(base);
  const layout = baseLayout(header, plan);
  const faults = sums.map((sum) => faultOf(sum, layout, plan));
  const sound = sums.filter((_, place) => faults[place] === undefined);
  const least = fewestBuckets(buckets);
  if (sound.length < least) throw new FedError("ROUND_SPOILT", { buckets, sound: sound.length, least });
  const exponents = medianExponents(sound.map((sum) => nextExponents(sum, layout)));
  const rule = strategyOf(strategy);
  const spec = forFewer(strategy, sound.length);
  const model = await NextModel.start({ base, header, layout, exponents, strategy: rule, mean: undefined }, sink);
  const columns = sound.map(() => new Int32Array(runLength));
  const middle = new Float64Array(runLength);
  for (const segment of layout.segments) {
    for (let from = 0; from < segment.length; from += runLength) {
      const length = Math.min(runLength, segment.length - from);
      for (const [place, sum] of sound.entries()) writeMeans(columns[place]!, sum, segment.start + from, length);
      const run = middle.subarray(0, length);
      rule.combine!(
        columns.map((column) => column.subarray(0, length)),
        run,
        spec,
      );
      await model.move(segment, from, { sums: run, total: fractions }, undefined);
    }
  }
  await model.finish();
  return faults;
}

const runLength = 1 << 16;

/** A bucket's mean is held in so many parts of a step. */
const fractions = 2 ** 8;
const mostMean = 2 ** 31 - 1;

/** A bucket's mean S W / (sum of w) in 256ths of a step, towards zero, saturating: integers, so that all compare alike. */
function writeMeans(
  means: Int32Array,
  { integers, unitWeight, totalWeight }: WeightedSum,
  start: number,
  length: number,
) {
  for (let index = 0; index < length; index++) {
    // |S| < 2^24, W <= 2^20: exact below 2^53.
    const scaled = integers[start + index]! * unitWeight * fractions;
    const mean = (scaled - (scaled % totalWeight)) / totalWeight;
    means[index] = Math.min(mostMean, Math.max(-mostMean, mean));
  }
}

/** Buckets that are left out count among those that a trimmed mean leaves out where there are too few for all of them. */
function forFewer(spec: BucketRule, sums: number): BucketRule {
  if (spec.name === "median") return spec;
  return { ...spec, byzantine: Math.min(spec.byzantine, Math.floor((sums - 1) / 2)) };
}

function faultOf(sum: WeightedSum, layout: UpdateLayout, plan: UpdatePlan): FedError | undefined {
  try {
    checkSum(sum, layout, plan);
    return undefined;
  } catch (error) {
    if (isFedError(error, "ROUND_SPOILT")) return error;
    throw error;
  }
}
