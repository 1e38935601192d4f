// The invitation that a consortium sends to a hospital.
import { FedError } from "../../foundation/errors.ts";
import type { FederationFile } from "../../io/chain/federation-file.ts";
import type { OpenLedger } from "../../io/chain/ledger.ts";
import { parseMultiaddr } from "../../io/p2p/multiaddrs.ts";
import { type Digest, zeroDigest } from "../../protocol/format/digest.ts";
import type { Signatures } from "../../protocol/ports.ts";
import { type Invitation, makeInvitation } from "../join/invitation.ts";

/**
 * @param options.peers multiaddrs of members, with their /p2p/ ids
 * @param options.endpoints RPC endpoints without credentials: everybody who gets the file can read them
 * @throws OPTION_INVALID, MULTIADDR_MALFORMED, MULTIADDR_UNSUPPORTED, RPC_*
 */
export async function invite(
  ledger: OpenLedger,
  federation: FederationFile,
  {
    peers,
    endpoints,
    signatures,
  }: {
    readonly peers: readonly string[];
    readonly endpoints: readonly string[];
    readonly signatures: Pick<Signatures, "sign">;
  },
): Promise<Invitation> {
  for (const peer of peers) parseMultiaddr(peer);
  for (const endpoint of endpoints) {
    if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint) || new URL(endpoint).username !== "") {
      const remedy = "give http:// or https:// addresses without user and password: the file is for others to read";
      throw new FedError("OPTION_INVALID", { option: "--endpoint" }, { remedy });
    }
  }
  const plan = (await ledger.read("agreedPlan", [])) as Digest;
  const content = { version: 1 as const, federation, plan: plan === zeroDigest ? null : plan };
  return makeInvitation({ ...content, endpoints: [...endpoints], peers: [...peers] }, signatures);
}
