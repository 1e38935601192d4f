// A party's identity on the network: an Ed25519 key and its libp2p peer id.
import { generateKeyPair, generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import type { Ed25519PrivateKey } from "@libp2p/interface";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { FedError } from "../../foundation/errors.ts";

/** A new peer key: the 32 secret bytes of Ed25519 (RFC 8032). */
export async function createPeerKey(): Promise<Uint8Array> {
  const key = await generateKeyPair("Ed25519");
  return key.raw.slice(0, 32);
}

/** The peer id, as text (12D3KooW...), of a key of 32 bytes. @throws PEER_KEY_MALFORMED */
export async function peerIdOfKey(key: Uint8Array): Promise<string> {
  return peerIdFromPrivateKey(await loadPeerKey(key)).toString();
}

/** The key in libp2p's form. @throws PEER_KEY_MALFORMED */
export async function loadPeerKey(key: Uint8Array): Promise<Ed25519PrivateKey> {
  if (key.byteLength !== 32) throw new FedError("PEER_KEY_MALFORMED", { bytes: key.byteLength, expected: 32 });
  return generateKeyPairFromSeed("Ed25519", key);
}
