// Fetches one committed update and checks it against its manifest, the chain and the plan. Everyone who has the bytes gets
// the same result: valid, or invalid for a reason that the bytes prove. Without the bytes there is no result yet.

import { isFedError } from "../../foundation/errors.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Commitment, RoundState } from "../contract/round.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import { type Manifest, maxManifestBytes, verifyManifest } from "../format/manifest.ts";
import { maxUpdateBytes } from "../update/update-layout.ts";
import { verifyUpdate } from "../update/verify-update.ts";
import { collectMasked, type MaskedUpdate } from "./collect-private.ts";
import { type CollectPorts, type InvalidUpdate, judge, once, Proven } from "./collecting.ts";
import { blobHeader, blobSource, type RoundContext } from "./round-context.ts";

export interface ValidUpdate {
  readonly status: "valid";
  readonly member: HospitalAddress;
  readonly manifest: Manifest;
  /** How many models older than the round's base it was trained from. */
  readonly age: number;
}

export type Collected = ValidUpdate | MaskedUpdate | InvalidUpdate;

/**
 * @param maxModelBytes limit for older models, where the update was trained from one
 * @throws BLOB_UNAVAILABLE where no connected member serves a part of it, ABORTED
 */
export async function collectUpdate(
  ports: CollectPorts,
  { commitment, round, context }: { commitment: Commitment; round: RoundState; context: RoundContext },
  { maxModelBytes, signal }: { maxModelBytes: number } & Waiting,
): Promise<Collected> {
  const { blobs, exchange, signatures, work } = ports;
  const { member, signer, sampleCount } = commitment;
  const { federation, plan, bases } = context;
  if (plan.privacy) return collectMasked(ports, { commitment, round, context }, { signal });
  const waiting = { signal };
  // A digest names the size too, so an object above the limit is the hospital's fault and not its server's.
  const fetch = (digest: Digest, maxBytes: number) =>
    exchange.fetch(digest, { maxBytes, preferred: member, ...waiting }).catch((error) => {
      throw isFedError(error, "BLOB_TOO_LARGE") ? new Proven(error) : error;
    });
  const baseHeader = async (digest: Digest) => {
    const known = context.baseHeaders.get(digest);
    if (known) return known;
    await exchange.fetch(digest, { maxBytes: maxModelBytes, ...waiting });
    // Nothing valid can be trained from an older base that is no model.
    const header = await judge(() => blobHeader(blobs, digest));
    context.baseHeaders.set(digest, header);
    return header;
  };
  try {
    await fetch(commitment.manifest, maxManifestBytes);
    const expected = { federation, round: round.id, hospital: signer, plan: round.plan, bases, sampleCount };
    const manifest = await once(work?.manifests, [commitment.manifest, expected], async () => {
      const bytes = await blobs.get(commitment.manifest, { maxBytes: maxManifestBytes });
      return judge(() => verifyManifest(bytes, { ...expected, sampleCap: plan.sampleCap }, signatures));
    });
    const base = await baseHeader(manifest.base);
    await fetch(manifest.update, await judge(() => maxUpdateBytes(base, plan)));
    await once(work?.updates, [manifest.update, manifest.updateBytes, manifest.base, round.plan], async () => {
      const source = await blobSource(blobs, manifest.update);
      if (source.size !== manifest.updateBytes) {
        const facts = { hospital: member, field: "updateBytes", expected: source.size, found: manifest.updateBytes };
        throw new Proven({ code: "MANIFEST_MISMATCH", facts });
      }
      await judge(() => verifyUpdate(source, { base, plan }));
    });
    return { status: "valid", member, manifest, age: bases.indexOf(manifest.base) };
  } catch (error) {
    if (error instanceof Proven) return { status: "invalid", member, code: error.code, facts: error.facts };
    throw error;
  }
}
