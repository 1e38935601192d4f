// Binds the peer key of a member that has no gas, by the statement that it signed.
import { FedError } from "../../foundation/errors.ts";
import type { OpenLedger } from "../../io/chain/ledger.ts";
import { isPeerBindingSigned, readPeerBinding } from "../../io/chain/peer-binding.ts";
import { peerIdOf } from "../../io/chain/peer-key.ts";
import { recoverSigner } from "../../io/chain/signatures.ts";
import type { HospitalAddress } from "../../protocol/format/digest.ts";

/** @throws FILE_UNREADABLE, PEER_BINDING_MALFORMED, PEER_BINDING_SIGNATURE, MEMBER_UNKNOWN, KEY_SIGNATURE_INVALID */
export async function bindPeerFor(
  ledger: OpenLedger,
  path: string,
): Promise<{ readonly member: HospitalAddress; readonly peerId: string }> {
  const binding = await readPeerBinding(path);
  const { account: member, peerKey, possession, signature, chainId, contract } = binding;
  const isOfFederation = chainId === ledger.federation.chainId && contract === ledger.federation.contract;
  if (!isOfFederation || !isPeerBindingSigned(binding, { recover: recoverSigner })) {
    throw new FedError("PEER_BINDING_SIGNATURE", { member });
  }
  await ledger.write("bindPeerKeyFor", [member, peerKey, possession, signature]);
  return { member, peerId: peerIdOf(Buffer.from(peerKey.slice(2), "hex")) };
}
