// A member's libp2p identity in the contract: an Ed25519 public key, with a proof that the member has the private key.
// Verifying Ed25519 is too expensive in the EVM, so every reader does it.
import { createPublicKey, verify } from "node:crypto";
import { AbiCoder } from "ethers/abi";
import { keccak256 } from "ethers/crypto";
import { encodeBase58 } from "ethers/utils";
import type { HospitalAddress } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";

/** The identity that a member binds to its chain address. */
export interface PeerIdentity {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** Ed25519 signature, 64 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array> | Uint8Array;
}

/** The libp2p peer id of an Ed25519 key: identity multihash of its protobuf (libp2p specs, peer-ids). */
export function peerIdOf(publicKey: Uint8Array): string {
  return encodeBase58(Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20, ...publicKey));
}

/** The 32 bytes that the peer key signs: IConsortium.peerKeyMessage. */
export function peerKeyMessage({ chainId, contract }: FederationId, account: HospitalAddress): Uint8Array {
  const encoded = AbiCoder.defaultAbiCoder().encode(
    ["string", "uint256", "address", "address"],
    ["consilium peer key", chainId, contract, account],
  );
  return Buffer.from(keccak256(encoded).slice(2), "hex");
}

/** Whether the peer key's holder has signed that it belongs to the account; false for malformed bytes. */
export function isPeerKeyProven(
  federation: FederationId,
  account: HospitalAddress,
  { publicKey, possession }: { readonly publicKey: Uint8Array; readonly possession: Uint8Array },
): boolean {
  try {
    const x = Buffer.from(publicKey).toString("base64url");
    const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    return verify(null, peerKeyMessage(federation, account), key, possession);
  } catch {
    return false;
  }
}
