// Forgets rounds with private sums that are over: nothing on this hospital's disk can then show its update any more, also to
// a thief of the disk. First it notes what of them was sealed, by what the chain says.
import { isFedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import type { RoundState } from "../protocol/contract/round.ts";
import { type HospitalAddress, type RoundId, zeroDigest } from "../protocol/format/digest.ts";
import { maxManifestBytes } from "../protocol/format/manifest.ts";
import { decodePrivateManifest } from "../protocol/format/private-manifest.ts";
import type { BlobStore, Journal, Ledger, SecretFiles } from "../protocol/ports.ts";
import { decodeDeal, maxDealBytes } from "../protocol/private/deal.ts";
import { noteSealed } from "./mask-secret.ts";

interface ErasePorts {
  readonly ledger: Pick<Ledger, "round">;
  readonly blobs: BlobStore;
  readonly journal: Journal;
  readonly secrets: SecretFiles;
}

/**
 * Erases secrets and boxes of rounds.
 * @param through the last of them
 * @param keep name of a secret that stays
 * @throws ABORTED, and what the chain's endpoints and the store throw; tried again, it continues
 */
export async function eraseRounds(
  ports: ErasePorts,
  {
    self,
    through,
    keep,
  }: { readonly self: HospitalAddress; readonly through: number; readonly keep: string | undefined },
  waiting: Waiting,
): Promise<void> {
  const { secrets } = ports;
  const stale = (await secrets.names()).filter((name) => name !== keep && roundOf(name) <= through);
  for (const id of new Set(stale.map(roundOf))) {
    const round = await ports.ledger.round(id, waiting).catch((error) => {
      if (isFedError(error, "ROUND_UNKNOWN")) return undefined;
      throw error;
    });
    // A round that a reorganisation took away may have been opened before.
    if (!round || round.seal?.included.includes(self)) await noteSealed(ports, id);
    if (round) await eraseBoxes(ports, round, self);
    for (const name of stale) if (roundOf(name) === id) await secrets.erase(name);
  }
}

/** The boxes that this hospital made, and those that were for it. */
async function eraseBoxes({ blobs }: ErasePorts, round: RoundState, self: HospitalAddress): Promise<void> {
  for (const { member, manifest } of round.commitments) {
    const boxes = await boxesOf(blobs, manifest);
    const own = member === self ? boxes : boxes.slice(round.members.indexOf(self)).slice(0, 1);
    for (const box of own) if (box !== zeroDigest) await blobs.remove(box);
  }
}

/** Nothing where manifest or deal are not here, or not well formed. */
async function boxesOf(blobs: BlobStore, manifest: RoundState["base"]) {
  try {
    const { deal } = decodePrivateManifest(await blobs.get(manifest, { maxBytes: maxManifestBytes }));
    return decodeDeal(await blobs.get(deal, { maxBytes: maxDealBytes })).boxes;
  } catch (error) {
    if (
      isFedError(error) &&
      (error.kind === "object" || error.code === "BLOB_UNKNOWN" || error.code === "BLOB_TOO_LARGE")
    )
      return [];
    throw error;
  }
}

function roundOf(name: string): RoundId {
  return Number(name.split("/")[1]) as RoundId;
}
