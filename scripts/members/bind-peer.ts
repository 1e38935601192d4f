// Binds the peer key of a member that has no gas, by the statement that it signed.
import { FedError } from "../../foundation/errors.ts";
import type { OpenLedger } from "../../io/chain/ledger.ts";
import { isPeerBindingSigned, type PeerBinding, readPeerBinding } from "../../io/chain/peer-binding.ts";
import { peerIdOf } from "../../io/chain/peer-key.ts";
import { recoverSigner } from "../../io/chain/signatures.ts";
import type { HospitalAddress } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";

/** @throws FILE_UNREADABLE, PEER_BINDING_MALFORMED, PEER_BINDING_SIGNATURE, MEMBER_UNKNOWN, KEY_SIGNATURE_INVALID */
export async function bindPeerFor(
  ledger: OpenLedger,
  path: string,
): Promise<{ readonly member: HospitalAddress; readonly peerId: string }> {
  const {
    account: member,
    peerKey,
    possession,
    signature,
  } = requireSigned(await readPeerBinding(path), ledger.federation);
  const peerId = peerIdOf(Buffer.from(peerKey.slice(2), "hex"));
  await ledger.write("bindPeerKeyFor", [member, peerKey, possession, signature]);
  return { member, peerId };
}

/** Both keys have signed it, for this federation. @throws PEER_BINDING_SIGNATURE */
export function requireSigned(binding: PeerBinding, { chainId, contract }: FederationId): PeerBinding {
  const isOfFederation = binding.chainId === chainId && binding.contract === contract;
  if (isOfFederation && isPeerBindingSigned(binding, { recover: recoverSigner })) return binding;
  throw new FedError("PEER_BINDING_SIGNATURE", { member: binding.account });
}
