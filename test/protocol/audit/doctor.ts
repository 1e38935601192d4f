// Changes a finished federation as a liar who controls the chain's history and every store would: whatever follows from
// the change by plain hashing is made to fit, so that only the audit's own reasoning can find it.

import { nextCommitmentsHash } from "../../../protocol/contract/commitments-hash.ts";
import type { LedgerEvent } from "../../../protocol/contract/events.ts";
import { canonicalBytes } from "../../../protocol/format/canonical.ts";
import { type Digest, type HospitalAddress, zeroDigest } from "../../../protocol/format/digest.ts";
import { type Statement, signManifest } from "../../../protocol/format/manifest.ts";
import { blobDigest } from "../../../protocol/format/merkle.ts";
import { fakeSignatures } from "../../fakes/party-ports.ts";
import { eventOf, type Finished, jsonOf } from "./finished-federation.ts";

type WithHash = { commitmentsHash: Digest };

/** The contract's hash, over the changed commitments. */
export function rehash({ events }: Finished): void {
  let hash = zeroDigest;
  for (const event of events) {
    if (event.kind === "update-committed") hash = nextCommitmentsHash(hash, event);
    if (event.kind === "model-proposed") (event as WithHash).commitmentsHash = hash;
  }
}

/** Names another object wherever the history names this one. */
export function rename({ events }: Finished, from: Digest, to: Digest): void {
  events.forEach((event, at) => {
    events[at] = JSON.parse(JSON.stringify(event).replaceAll(from, to)) as LedgerEvent;
  });
}

/** Puts other bytes in an object's place, under their own name. */
export async function replaceObject(
  finished: Finished,
  digest: Digest,
  change: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>,
): Promise<Digest> {
  const bytes = finished.store.blobs.get(digest);
  if (!bytes) throw new Error(`no object ${digest}`);
  const changed = await change(bytes.slice());
  finished.store.blobs.set(blobDigest(changed), changed);
  rename(finished, digest, blobDigest(changed));
  rehash(finished);
  return blobDigest(changed);
}

export function commitmentOf(finished: Finished, round: number, hospital: HospitalAddress) {
  return eventOf(finished, "update-committed", (event) => event.round === round && event.member === hospital);
}

/** A manifest that says something else. @param signer whose key signs it; its hospital's where it is left out */
export async function restate(
  finished: Finished,
  { round, hospital }: { round: number; hospital: HospitalAddress },
  change: Partial<Statement>,
  signer: HospitalAddress = change.hospital ?? hospital,
): Promise<Digest> {
  const { manifest } = commitmentOf(finished, round, hospital);
  const { signature: _, ...statement } = jsonOf(finished, manifest);
  const changed = { ...statement, ...change } as Statement;
  return replaceObject(finished, manifest, () => signManifest(changed, fakeSignatures(signer)));
}

/** A JSON object with some of its fields changed. */
export function editJson(bytes: Uint8Array, change: object): Uint8Array {
  return canonicalBytes({ ...JSON.parse(new TextDecoder().decode(bytes)), ...change });
}
