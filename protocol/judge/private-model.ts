// Computes the next model of a round with private sums from its base, the sealed hospitals' masked updates and the key of their
// sum: a pure function of public objects, for the proposer, the hospitals and the auditor.
import { FedError } from "../../foundation/errors.ts";
import type { RoundState } from "../contract/round.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import type { Plan } from "../format/plan.ts";
import { type AuditedBucket, auditBuckets, auditSum } from "../private/audit-sum.ts";
import { privateWeight } from "../private/contribution.ts";
import { maxDealBytes } from "../private/deal.ts";
import { checkCanaries } from "../private/patient-noise.ts";
import { maxSumKeyBytes } from "../private/sum-key.ts";
import { partsOf, type ScoreHistogram } from "../private/sum-layout.ts";
import type { SumPlan } from "../private/sum-plan.ts";
import { aggregateBuckets } from "../strategy/aggregate-buckets.ts";
import { aggregateSum, type WeightedSum } from "../strategy/aggregate-sum.ts";
import { type ByteSink, type ByteSource, memorySink } from "../update/byte-source.ts";
import { averagedOf } from "./averaged.ts";
import type { Collected } from "./collect.ts";
import { type MaskedUpdate, privateContextOf, sumPlanOfRound } from "./collect-private.ts";
import { once } from "./collecting.ts";
import { isBucketed, mostSums, type OpenedSums, openedSums } from "./opened-sums.ts";
import { type BlobPorts, blobSource, type RoundContext } from "./round-context.ts";
import type { SharedWork, SpoiltBucket, SummedModel } from "./shared-work.ts";

/** The sealed hospitals' updates, by member index. @throws UPDATE_NOT_COLLECTED where one is not here, or wrong */
export function sealedUpdates(
  { id: round, seal }: RoundState,
  collected: ReadonlyMap<HospitalAddress, Collected>,
): readonly MaskedUpdate[] {
  return (seal?.included ?? []).map((member) => {
    const update = collected.get(member);
    if (update?.status !== "masked") throw new FedError("UPDATE_NOT_COLLECTED", { round, member });
    return update;
  });
}

/**
 * @param input.updates of the sealed hospitals, all of them local
 * @param input.key digest of the key, which is local
 * @throws ROUND_SPOILT, and the codes of auditSum and aggregateSum; errors of this party's own store
 */
export function recomputeSum(
  ports: Pick<BlobPorts, "blobs"> & { readonly work?: SharedWork | undefined },
  input: {
    readonly round: RoundState;
    readonly context: RoundContext;
    readonly updates: readonly MaskedUpdate[];
    readonly key: Digest;
  },
): Promise<SummedModel> {
  const { round, updates, key } = input;
  const masked = updates.map(({ manifest }) => [manifest.masked, manifest.deal]);
  const { base, plan, members } = round;
  return once(ports.work?.sums, [base, plan, members, masked, key], () => derive(ports, input));
}

async function derive(
  { blobs }: Pick<BlobPorts, "blobs">,
  { round, context, updates, key }: Parameters<typeof recomputeSum>[1],
): Promise<SummedModel> {
  const { plan } = context;
  const plans = await sumPlanOfRound({ blobs }, { round, context });
  const { ring, coordinates } = plans;
  const openedOf = (summands: readonly MaskedUpdate[]) =>
    Promise.all(
      summands.map(async ({ signer, manifest }) => ({
        hospital: signer,
        deal: await blobs.get(manifest.deal, { maxBytes: maxDealBytes }),
        masked: await blobSource(blobs, manifest.masked),
      })),
    );
  const sealed = { context: privateContextOf(context, round), ring, coordinates, holders: round.members.length };
  const readKey = () => blobs.get(key, { maxBytes: maxSumKeyBytes(mostSums(context)) });
  const sink = memorySink();
  if (!isBucketed(context)) {
    const { sum } = await auditSum({ ...sealed, included: await openedOf(updates), key: await readKey() });
    const { histogram, canaries } = partsOf(sum, plans.layout);
    if (plans.noise) checkCanaries(canaries, plans.noise, updates.length);
    const weighted = weightedSum(sum, updates, plans);
    const base = await blobSource(blobs, round.base);
    await aggregateSum({ plan, base, sum: weighted, memberCount: round.members.length }, sink);
    return { ...averagedOf(sink.bytes()), histogram, spoilt: [] };
  }
  const { sums = [] } = openedSums(round, context, updates) ?? {};
  const buckets = await Promise.all(sums.map(openedOf));
  const audited = await auditBuckets({ ...sealed, buckets, key: await readKey() });
  const base = await blobSource(blobs, round.base);
  const { sound, spoilt } = await aggregateSound({ plan, base, plans, sums, audited }, sink);
  return { ...averagedOf(sink.bytes()), histogram: pooled(sound, plans), spoilt };
}

/** Writes the model of the buckets that are sound. @returns their sums, and what is wrong with the others */
async function aggregateSound(
  {
    plan,
    base,
    plans,
    sums,
    audited,
  }: {
    readonly plan: Plan;
    readonly base: ByteSource;
    readonly plans: SumPlan;
    readonly sums: OpenedSums["sums"];
    readonly audited: readonly AuditedBucket[];
  },
  sink: ByteSink,
): Promise<{ readonly sound: readonly Int32Array[]; readonly spoilt: readonly SpoiltBucket[] }> {
  const judged = audited.map((each, place) => ("sum" in each ? checkCounts(each.sum, sums[place]!, plans) : each));
  const found = judged.flatMap((each, place) => ("sum" in each ? [{ ...each, place }] : []));
  const weighted = found.map(({ sum, place }) => weightedSum(sum, sums[place]!, plans));
  const tooLong = await aggregateBuckets({ plan, base, sums: weighted, buckets: plan.privacy!.buckets! }, sink);
  const faults = judged.map((each, place) =>
    "sum" in each ? tooLong[found.findIndex((one) => one.place === place)] : each,
  );
  const spoilt = faults.flatMap((fault, place) =>
    fault ? [{ included: sums[place]!.map(({ member }) => member), code: fault.code }] : [],
  );
  return { sound: found.flatMap(({ sum, place }) => (faults[place] ? [] : [sum])), spoilt };
}

/** A bucket whose scores no honest hospitals can have counted is spoilt: the pooled scores are of the others. */
function checkCounts(
  sum: Int32Array,
  { length: updates }: readonly MaskedUpdate[],
  { layout, largest }: SumPlan,
): FedError | { readonly sum: Int32Array } {
  const { negatives, positives } = partsOf(sum, layout).histogram;
  const isCount = (count: number) => count >= 0 && count <= updates * largest;
  if (negatives.every(isCount) && positives.every(isCount)) return { sum };
  return new FedError("ROUND_SPOILT", { updates, what: "scores" });
}

function weightedSum(
  sum: Int32Array,
  updates: readonly MaskedUpdate[],
  { layout, unitWeight, largest, noise }: SumPlan,
): WeightedSum {
  const { integers } = partsOf(sum, layout);
  const weights = updates.map(({ manifest }) => privateWeight(manifest.sampleCount, unitWeight));
  const totalWeight = weights.reduce((total, weight) => total + weight, 0);
  const noiseStdDev = (noise?.stdDev ?? 0) * Math.sqrt(updates.length);
  return { integers, unitWeight, totalWeight, updates: updates.length, largest, noiseStdDev };
}

function pooled(sums: readonly Int32Array[], { layout }: SumPlan): ScoreHistogram {
  const negatives = new Int32Array(layout.bins);
  const positives = new Int32Array(layout.bins);
  for (const sum of sums) {
    const { histogram } = partsOf(sum, layout);
    for (let bin = 0; bin < layout.bins; bin++) {
      negatives[bin] = negatives[bin]! + histogram.negatives[bin]!;
      positives[bin] = positives[bin]! + histogram.positives[bin]!;
    }
  }
  return { negatives, positives };
}
