// One round with private sums, of all hospitals or of buckets, without masks: they come off a sum exactly, so the model is the same.
import { isFedError } from "../../foundation/errors.ts";
import { sha256 } from "../../foundation/sha256.ts";
import type { RoundId } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import type { PrivacySpec } from "../../protocol/format/privacy-spec.ts";
import { drawBuckets } from "../../protocol/private/buckets.ts";
import { makeContribution, privateWeight } from "../../protocol/private/contribution.ts";
import { aggregateBuckets } from "../../protocol/strategy/aggregate-buckets.ts";
import { aggregateSum } from "../../protocol/strategy/aggregate-sum.ts";
import { memorySink, memorySource } from "../../protocol/update/byte-source.ts";
import { placeName, type TrainedHospital } from "./average-round.ts";

/** A hospital in a private sum. Others cannot check its norm. */
export interface SummedHospital extends Pick<TrainedHospital, "weights" | "sampleCount"> {
  readonly isHostile: boolean;
}

export interface SumRound {
  readonly plan: Pick<Plan, "update" | "strategy"> & { readonly privacy: PrivacySpec };
  readonly seed: number;
  readonly round: number;
  /** Safetensors of the round's base. */
  readonly base: Uint8Array;
}

/** Largest integer of a hostile hospital: with those of eleven others the sum does not wrap. */
const hostileLargest = 8000;

/** Safetensors of the next model: the base where the round is spoilt. @throws what makeContribution and the rules throw */
export async function sumRound(
  { plan, seed, round, base }: SumRound,
  trained: readonly SummedHospital[],
): Promise<Uint8Array> {
  const { unitWeight, largest, buckets } = plan.privacy;
  const context = { chainId: 1, contract: placeName(seed), round: round as RoundId };
  const hospitals = trained.length;
  const places = buckets === undefined ? undefined : drawBuckets(context, blobDigest(base), { hospitals, buckets });
  const sums = (places ?? [[...trained.keys()]]).map((summed) => {
    const inputs = summed.map((hospital) => {
      const { weights: local, sampleCount, isHostile } = trained[hospital]!;
      const clipNorm = plan.update.clipNorm * (isHostile ? summed.length : 1);
      const own = {
        plan: { ...plan, update: { ...plan.update, clipNorm } },
        largest: isHostile ? hostileLargest : largest,
      };
      const secret = sha256(`${seed}/${hospital}`);
      return makeContribution({ base, local, sampleCount, unitWeight, secret, context, ...own }).integers;
    });
    const integers = Int32Array.from(inputs[0]!, (_, index) => inputs.reduce((sum, input) => sum + input[index]!, 0));
    const weights = summed.map((hospital) => privateWeight(trained[hospital]!.sampleCount, unitWeight));
    const totalWeight = weights.reduce((sum, weight) => sum + weight, 0);
    return { integers, unitWeight, totalWeight, updates: summed.length, largest, noiseStdDev: 0 };
  });
  const sink = memorySink();
  try {
    if (buckets !== undefined) await aggregateBuckets({ plan, base: memorySource(base), sums, buckets }, sink);
    else await aggregateSum({ plan, base: memorySource(base), sum: sums[0]!, memberCount: hospitals }, sink);
  } catch (error) {
    if (isFedError(error, "ROUND_SPOILT")) return base;
    throw error;
  }
  return sink.bytes();
}
