// Fetches what a hospital committed in a round with private sums, and checks it: its manifest, its deal and its masked update.
// Everyone who has the bytes gets the same result. Whether the shares in its boxes are right, only their holders can say.
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Commitment, RoundState } from "../contract/round.ts";
import { type Digest, type HospitalAddress, zeroDigest } from "../format/digest.ts";
import { maxManifestBytes } from "../format/manifest.ts";
import { type PrivateManifest, verifyPrivateManifest } from "../format/private-manifest.ts";
import type { PrivateContext } from "../private/context.ts";
import { checkDeal, type Deal, decodeDeal, maxDealBytes } from "../private/deal.ts";
import type { Point } from "../private/group.ts";
import { checkMasked, maskedBytes } from "../private/masked.ts";
import { type SumPlan, sumPlanOf } from "../private/sum-plan.ts";
import { updateLayout } from "../update/update-layout.ts";
import { type CollectPorts, type InvalidUpdate, judge, once, Proven } from "./collecting.ts";
import { mostDishonest } from "./dealers.ts";
import { blobHeader, blobSource, type RoundContext } from "./round-context.ts";

/** A committed update that nobody can read alone. */
export interface MaskedUpdate {
  readonly status: "masked";
  readonly member: HospitalAddress;
  /** The key that committed, which manifest and deal name. */
  readonly signer: HospitalAddress;
  readonly manifest: PrivateManifest;
  /** Digests of the boxes, by holder. */
  readonly boxes: readonly Digest[];
  /** Commitments to the shared mask key. */
  readonly commitments: readonly Point[];
}

/** The round as private sums name it. */
export function privateContextOf(
  { federation }: Pick<RoundContext, "federation">,
  round: Pick<RoundState, "id">,
): PrivateContext {
  return { chainId: federation.chainId, contract: federation.contract, round: round.id };
}

/** What a round's sum is made of. Its base must be on this machine. @throws RING_TOO_SMALL, BUCKETS_TOO_SMALL, as blobHeader */
export async function sumPlanOfRound(
  { blobs }: Pick<CollectPorts, "blobs">,
  { round, context }: { readonly round: RoundState; readonly context: RoundContext },
): Promise<SumPlan> {
  const { plan, baseHeaders } = context;
  const base = baseHeaders.get(round.base) ?? (await blobHeader(blobs, round.base));
  baseHeaders.set(round.base, base);
  const { coordinates: parameters } = updateLayout(base, plan);
  return sumPlanOf(plan, { hospitals: round.members.length, parameters }, context.bucketRules);
}

/** @throws BLOB_UNAVAILABLE where no connected member serves a part of it, ABORTED */
export async function collectMasked(
  ports: CollectPorts,
  { commitment, round, context }: { commitment: Commitment; round: RoundState; context: RoundContext },
  { signal }: Waiting,
): Promise<MaskedUpdate | InvalidUpdate> {
  const { blobs, exchange, signatures, work } = ports;
  const { member, signer, sampleCount } = commitment;
  const { federation, plan } = context;
  const fetch = (digest: Digest, maxBytes: number) =>
    exchange.fetch(digest, { maxBytes, preferred: member, signal }).catch((error) => {
      throw isFedError(error, "BLOB_TOO_LARGE") ? new Proven(error) : error;
    });
  try {
    const { ring, coordinates } = await sumPlanOfRound(ports, { round, context });
    await fetch(commitment.manifest, maxManifestBytes);
    const named = { federation, round: round.id, hospital: signer, plan: round.plan };
    const expected = { ...named, bases: [round.base], sampleCount, sampleCap: plan.sampleCap };
    const bytes = await blobs.get(commitment.manifest, { maxBytes: maxManifestBytes });
    const manifest = await judge(() => verifyPrivateManifest(bytes, expected, signatures));
    await fetch(manifest.deal, maxDealBytes);
    const holders = round.members.length;
    const about = { context: privateContextOf(context, round), hospital: signer, holders };
    const { deal, commitments } = await once(work?.deals, [manifest.deal, ring.name, about], async () => {
      const dealt = await blobs.get(manifest.deal, { maxBytes: maxDealBytes });
      return judge(() => {
        const decoded = decodeDeal(dealt);
        const points = checkDeal(decoded, { ...about, ring });
        checkBoxes(decoded, holders);
        return { deal: decoded, commitments: points };
      });
    });
    await fetch(manifest.masked, maskedBytes(ring, coordinates));
    await once(work?.updates, [manifest.masked, ring.name, coordinates], async () => {
      const source = await blobSource(blobs, manifest.masked);
      await judge(() => checkMasked(source, { ring, coordinates }));
    });
    return { status: "masked", member, signer, manifest, boxes: deal.boxes, commitments };
  } catch (error) {
    // In a round of too few hospitals for its buckets nothing is valid: nobody honest commits in it.
    if (error instanceof Proven || isFedError(error, "BUCKETS_TOO_SMALL")) {
      return { status: "invalid", member, code: error.code, facts: error.facts };
    }
    throw error;
  }
}

/** A deal without boxes for more than f holders leaves too few that can open. */
function checkBoxes({ boxes, hospital }: Deal, holders: number): void {
  const missing = boxes.filter((box) => box === zeroDigest).length;
  const most = mostDishonest(holders);
  if (missing > most) {
    throw new FedError("DEAL_MISMATCH", {
      hospital,
      field: "boxes",
      expected: holders - most,
      found: holders - missing,
    });
  }
}
