// A party's name on the network: an Ed25519 key, its libp2p peer id, and the proof, put on chain, that whoever binds a
// peer id to a chain address holds its key.
import { generateKeyPair, generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import type { Ed25519PrivateKey } from "@libp2p/interface";
import { peerIdFromPrivateKey, peerIdFromString } from "@libp2p/peer-id";
import { FedError } from "../../protocol/errors.ts";

/** A new peer key: the 32 secret bytes of Ed25519 (RFC 8032). Keep them as the chain key is kept. */
export async function createPeerKey(): Promise<Uint8Array> {
  const key = await generateKeyPair("Ed25519");
  return key.raw.slice(0, 32);
}

/** The peer id, as text (12D3KooW...), of a key of 32 bytes. @throws FedError PEER_KEY_MALFORMED */
export async function peerIdOfKey(key: Uint8Array): Promise<string> {
  return peerIdFromPrivateKey(await loadPeerKey(key)).toString();
}

/** The key in libp2p's form. @throws FedError PEER_KEY_MALFORMED */
export async function loadPeerKey(key: Uint8Array): Promise<Ed25519PrivateKey> {
  if (key.byteLength !== 32) throw new FedError("PEER_KEY_MALFORMED", { bytes: key.byteLength, expected: 32 });
  return generateKeyPairFromSeed("Ed25519", key);
}

/** Ed25519 signature (64 bytes) over a message that names what the key is being bound to. */
export async function proofOfPossession(key: Uint8Array, message: Uint8Array): Promise<Uint8Array> {
  return (await loadPeerKey(key)).sign(message);
}

/** Whether the holder of the peer id's key signed the message; false, never an error, on anything malformed. */
export async function verifyProof(peerId: string, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    const { publicKey } = peerIdFromString(peerId);
    if (publicKey?.type !== "Ed25519" || signature.byteLength !== 64) return false;
    return await publicKey.verify(message, signature);
  } catch {
    return false; // a malformed peer id or point is simply no proof
  }
}
