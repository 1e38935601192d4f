// Whether an invitation is what the federation's own contract says: its code, its plan, and who may invite.
import { FedError } from "../../foundation/errors.ts";
import { requireKnownAbi } from "../../io/chain/federation-file.ts";
import { openLedger } from "../../io/chain/ledger.ts";
import type { HospitalAddress } from "../../protocol/format/digest.ts";
import { type Invitation, signerOf } from "./invitation.ts";

/** Someone is waiting. */
const retryForMs = 5000;

export interface CheckedInvitation {
  readonly signer: HospitalAddress;
  readonly isOwner: boolean;
}

/** @throws INVITATION_SIGNER, INVITATION_PLAN, FEDERATION_ABI_MISMATCH, LEDGER_*, RPC_* */
export async function checkInvitation(
  invitation: Invitation,
  endpoints: readonly string[],
): Promise<CheckedInvitation> {
  const { federation, plan } = invitation;
  requireKnownAbi(federation.abiDigest, "the invitation");
  const { chainId, contract, fromBlock, codeDigest } = federation;
  const ledger = await openLedger({ federation: { chainId, contract }, fromBlock, codeDigest, endpoints, retryForMs });
  try {
    const signer = signerOf(invitation);
    const isOwner = signer !== undefined && signer === (await ledger.read("owner", [])).toLowerCase();
    const isMember = (await ledger.members()).some(({ address, active }) => active && address === signer);
    if (signer === undefined || !(isOwner || isMember)) throw new FedError("INVITATION_SIGNER", { signer });
    const agreed = await ledger.read("agreedPlan", []);
    if (plan !== null && plan !== agreed) throw new FedError("INVITATION_PLAN", { plan, agreed });
    return { signer, isOwner };
  } finally {
    ledger.close();
  }
}
