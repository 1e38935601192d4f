// Admits a hospital from the request that its `consilium join` wrote, and binds its peer key in the same go.
import type { OpenLedger } from "../../io/chain/ledger.ts";
import { readPeerBinding } from "../../io/chain/peer-binding.ts";
import { peerIdOf } from "../../io/chain/peer-key.ts";
import type { HospitalAddress } from "../../protocol/format/digest.ts";
import { actOf } from "./acts.ts";
import { bindPeerFor, requireSigned } from "./bind-peer.ts";

/** An address begins with 0x, and the path of a file does not. */
export function isRequestFile(subject: string | undefined): subject is string {
  return subject !== undefined && !/^0x/i.test(subject);
}

/**
 * Idempotent: what is on chain already is not sent again.
 * @throws FILE_UNREADABLE, PEER_BINDING_MALFORMED, PEER_BINDING_SIGNATURE, and the contract's own codes
 */
export async function admitRequest(
  ledger: OpenLedger,
  path: string,
  role: "hospital" | "aggregator",
): Promise<{ readonly member: HospitalAddress; readonly peerId: string }> {
  const { account, peerKey } = requireSigned(await readPeerBinding(path), ledger.federation);
  const peerId = peerIdOf(Buffer.from(peerKey.slice(2), "hex"));
  const members = await ledger.members();
  if (members.some((each) => each.address === account && each.active && each.peerId === peerId)) {
    return { member: account, peerId };
  }
  if (!members.some(({ address, active }) => address === account && active)) {
    const { contract } = ledger.federation;
    const { name, args } = actOf("admit", { subject: account, role, contract, now: undefined, members });
    await ledger.write(name, args);
  }
  return bindPeerFor(ledger, path);
}
