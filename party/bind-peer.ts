// Binds a party's peer key on chain. A hospital without gas cannot: it writes a statement that both its keys have signed, for
// a member with gas to send, and waits.
import { writeFile } from "node:fs/promises";
import { FedError, isFedError } from "../foundation/errors.ts";
import type { OpenLedger } from "../io/chain/ledger.ts";
import { signPeerBinding } from "../io/chain/peer-binding.ts";
import { type PeerIdentity, peerIdOf } from "../io/chain/peer-key.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import type { Log, Signatures } from "../protocol/ports.ts";

export interface BindingOptions {
  readonly self: HospitalAddress;
  /** Where the statement is written; undefined where this party pays itself. */
  readonly file: string | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called once when the statement is written. */
  readonly onUnbound: (self: HospitalAddress, file: string) => void;
}

/** Resolves when the contract names the peer key. @throws MEMBER_UNKNOWN, ABORTED, LEDGER_*, RPC_* */
export async function bindPeerKey(
  { ledger, signatures }: { readonly ledger: OpenLedger; readonly signatures: Signatures },
  identity: PeerIdentity,
  { self, file, log, signal, onUnbound }: BindingOptions,
): Promise<void> {
  try {
    return await ledger.bindPeer(identity, { signal });
  } catch (error) {
    if (file === undefined || !isFedError(error, "CHAIN_FUNDS")) throw error;
  }
  const { keyNonce } = await ledger.read("memberOf", [self], { signal });
  const subject = { ...ledger.federation, account: self, nonce: Number(keyNonce) };
  const binding = await signPeerBinding(subject, { identity, signatures });
  await writeFile(file, `${JSON.stringify(binding, null, 2)}\n`);
  log.warn("peer-key-unbound", { file });
  onUnbound(self, file);
  const peerId = peerIdOf(identity.publicKey);
  for await (const _ of ledger.changes({ signal })) {
    const members = await ledger.members({ signal });
    if (members.some((member) => member.address === self && member.peerId === peerId)) return;
  }
  throw new FedError("ABORTED", { what: "waiting for the peer key to be bound" });
}
