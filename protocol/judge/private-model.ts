// Computes the next model of a round with private sums from its base, the sealed hospitals' masked updates and the key of their
// sum: a pure function of public objects, for the proposer, the hospitals and the auditor.
import { FedError } from "../../foundation/errors.ts";
import type { RoundState } from "../contract/round.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import { blobDigest } from "../format/merkle.ts";
import { auditSum } from "../private/audit-sum.ts";
import { privateWeight } from "../private/contribution.ts";
import { maxDealBytes } from "../private/deal.ts";
import { checkCanaries } from "../private/patient-noise.ts";
import { maxSumKeyBytes } from "../private/sum-key.ts";
import { partsOf } from "../private/sum-layout.ts";
import { aggregateSum } from "../strategy/aggregate-sum.ts";
import { memorySink } from "../update/byte-source.ts";
import type { Collected } from "./collect.ts";
import { type MaskedUpdate, privateContextOf, sumPlanOfRound } from "./collect-private.ts";
import { once } from "./collecting.ts";
import { type BlobPorts, blobSource, type RoundContext } from "./round-context.ts";
import type { SharedWork, SummedModel } from "./shared-work.ts";

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
  const sums = await sumPlanOfRound({ blobs }, { round, context });
  const { ring, layout, coordinates, unitWeight, largest, noise } = sums;
  const opened = updates.map(async ({ signer, manifest }) => ({
    hospital: signer,
    deal: await blobs.get(manifest.deal, { maxBytes: maxDealBytes }),
    masked: await blobSource(blobs, manifest.masked),
  }));
  const { sum } = await auditSum({
    context: privateContextOf(context, round),
    ring,
    coordinates,
    holders: round.members.length,
    included: await Promise.all(opened),
    key: await blobs.get(key, { maxBytes: maxSumKeyBytes }),
  });
  const { integers, histogram, canaries } = partsOf(sum, layout);
  if (noise) checkCanaries(canaries, noise, updates.length);
  const totalWeight = updates.reduce(
    (total, { manifest }) => total + privateWeight(manifest.sampleCount, unitWeight),
    0,
  );
  const noiseStdDev = (noise?.stdDev ?? 0) * Math.sqrt(updates.length);
  const weighted = { integers, unitWeight, totalWeight, updates: updates.length, largest, noiseStdDev };
  const sink = memorySink();
  const base = await blobSource(blobs, round.base);
  await aggregateSum({ plan, base, sum: weighted, memberCount: round.members.length }, sink);
  const bytes = sink.bytes();
  return { model: blobDigest(bytes), bytes, histogram };
}
