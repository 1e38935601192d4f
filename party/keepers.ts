// Which members keep an object for good, so that the others may delete it where their disk is full: every member computes
// the same three for each object, and no two of them can each rely on the other.
import { deriveSeed } from "../foundation/random.ts";
import type { Member, RoundState } from "../protocol/contract/round.ts";
import type { Digest, HospitalAddress } from "../protocol/format/digest.ts";
import { maxManifestBytes } from "../protocol/format/manifest.ts";
import { manifestObjects } from "../protocol/format/private-manifest.ts";
import type { BlobStore } from "../protocol/ports.ts";

/** Members that keep each object. */
export const copiesKept = 3;

/** Objects of this size and smaller are kept by every member: manifests, scores, refusals, plans. */
export const keptByAllBytes = 64 * 1024;

/**
 * The members that keep an object for good, by rendezvous hashing over the members' indices: when a member leaves or joins,
 * only the objects that it keeps move. Members that have not bound a peer key serve nobody and do not count.
 */
export function keepersOf(digest: Digest, members: readonly Member[]): readonly Member[] {
  const ranked = members
    .filter(({ active, peerId }) => active && peerId !== undefined)
    .map((member) => ({ member, rank: deriveSeed(0, "keeper", digest, member.index) }));
  ranked.sort((a, b) => a.rank - b.rank || a.member.index - b.member.index);
  return ranked.slice(0, copiesKept).map(({ member }) => member);
}

/** A model or an update that a round names. */
export interface LargeObject {
  readonly digest: Digest;
  /** The hospital whose update it is; undefined for a model. */
  readonly maker: HospitalAddress | undefined;
}

/** Models and updates that a round's events name; updates only where their manifests are in the store. */
export async function largeObjectsOf(round: RoundState, blobs: BlobStore): Promise<readonly LargeObject[]> {
  const models = [round.model, ...round.proposals.map(({ model }) => model)].filter((model) => model !== undefined);
  const found: LargeObject[] = [...new Set(models)].map((digest) => ({ digest, maker: undefined }));
  for (const { member, manifest } of round.commitments) {
    for (const digest of await objectsOf(manifest, blobs)) found.push({ digest, maker: member });
  }
  return found;
}

/** Nothing where the manifest is not here or is none. */
async function objectsOf(manifest: Digest, blobs: BlobStore): Promise<readonly Digest[]> {
  try {
    if (!(await blobs.has(manifest))) return [];
    return manifestObjects(await blobs.get(manifest, { maxBytes: maxManifestBytes }));
  } catch {
    return [];
  }
}
