// The contract's rolling hash over every commitment ever made (ITrainingRounds.commitmentsHash), computed from the events.
// A history that leaves out, invents or reorders a commitment does not match it.
import { keccak_256 } from "@noble/hashes/sha3.js";
import { type Digest, digestFromBytes, digestToBytes, type RoundId } from "../format/digest.ts";
import type { Commitment } from "./round.ts";

/** h' = keccak256(abi.encode(h, roundId, member, manifestDigest, sampleCount)): five words of 32 bytes. */
export function nextCommitmentsHash(
  hash: Digest,
  { round, member, manifest, sampleCount }: Omit<Commitment, "signer"> & { readonly round: RoundId },
): Digest {
  const words = new Uint8Array(5 * 32);
  const view = new DataView(words.buffer);
  words.set(digestToBytes(hash), 0);
  view.setUint32(32 + 28, round);
  words.set(Buffer.from(member.slice(2), "hex"), 64 + 12);
  words.set(digestToBytes(manifest), 96);
  view.setUint32(128 + 28, sampleCount);
  return digestFromBytes(keccak_256(words));
}
