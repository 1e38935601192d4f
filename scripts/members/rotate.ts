// Moves a membership to a new chain key. The old key sends the transaction; the new key's signature proves that it is held.
import type { Wallet } from "ethers";
import type { OpenLedger } from "../../io/chain/ledger.ts";
import { walletSignatures } from "../../io/chain/signatures.ts";
import { type HospitalAddress, parseAddress } from "../../protocol/format/digest.ts";

/** @returns the member's new address. @throws MEMBER_UNKNOWN, MEMBER_ALREADY_ADMITTED */
export async function rotateKey(ledger: OpenLedger, from: HospitalAddress, next: Wallet): Promise<HospitalAddress> {
  const to = parseAddress(next.address);
  const { keyNonce } = await ledger.read("memberOf", [from]);
  const { chainId, contract } = ledger.federation;
  const signature = await walletSignatures(next).sign({
    domain: { name: "Consilium", version: "1", chainId, verifyingContract: contract },
    // The fields and their order are the contract's ROTATION_TYPEHASH.
    types: {
      Rotation: [
        { name: "from", type: "address" },
        { name: "to", type: "address" },
        { name: "nonce", type: "uint32" },
      ],
    },
    message: { from, to, nonce: keyNonce },
  });
  await ledger.write("rotateKey", [to, signature]);
  return to;
}
