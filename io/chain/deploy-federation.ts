// Founds a federation: creates the contract and admits its first members. For simulations and tests; `consilium deploy`
// can be resumed.
import type { Wallet } from "ethers";
import { ZeroAddress } from "ethers/constants";
import { keccak256 } from "ethers/crypto";
import type { Waiting } from "../../foundation/waiting.ts";
import type { MemberRole, PrivateSums, RoundTerms } from "../../protocol/contract/round.ts";
import { type Digest, type HospitalAddress, parseAddress, zeroDigest } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import type { Log } from "../../protocol/ports.ts";
import { Endpoints } from "./endpoints.ts";
import { parseBytes } from "./rpc-values.ts";
import { Sender } from "./sender.ts";
import { creationCode, encodeCall, trainingRoundsInterface } from "./training-rounds.ts";

export interface Founding {
  readonly endpoints: readonly string[];
  readonly chainId: number;
  /** Pays for the transactions and becomes the owner. */
  readonly deployer: Wallet;
  readonly terms: RoundTerms;
  readonly members: readonly { readonly address: HospitalAddress; readonly role: MemberRole }[];
  /** The plan of the first rounds, and the model that they start from; agreed on later where not given. */
  readonly plan?: Digest;
  readonly genesis?: Digest;
  /** The federation that this one continues. */
  readonly predecessor?: HospitalAddress;
  /** The mechanism of private sums and the sums that may be opened; a federation without them by default. */
  readonly privateSums?: FoundedSums;
  readonly pollMs?: number;
  readonly log?: Log;
}

/** What a federation with private sums is founded with. */
export type FoundedSums = Pick<PrivateSums, "mechanism" | "maxSeals">;

/** What a party needs to open the ledger. */
export interface Founded {
  readonly federation: FederationId;
  readonly fromBlock: number;
  readonly codeDigest: string;
}

/** The roles' numbers in Solidity. */
export const roleNumbers: Readonly<Record<MemberRole, number>> = { hospital: 1, aggregator: 2 };

const silent: Log = { child: () => silent, debug() {}, info() {}, warn() {}, error() {} };

/** @throws TERMS_INVALID, CHAIN_FUNDS, MEMBER_ALREADY_ADMITTED, RPC_UNAVAILABLE */
export async function deployFederation(founding: Founding, waiting: Waiting = {}): Promise<Founded> {
  const { chainId, deployer, terms, members, plan, genesis, predecessor, privateSums } = founding;
  const { pollMs = 100, log = silent } = founding;
  const urls = founding.endpoints;
  const endpoints = new Endpoints({ urls, chainId, timeoutMs: 10_000, retryForMs: 60_000, log });
  const sender = new Sender(endpoints, deployer, { federation: { chainId }, confirmations: 0, pollMs, log });
  const created = await sender.send(
    { data: creationData({ owner: deployer.address, terms, predecessor, plan, genesis, privateSums }) },
    waiting,
  );
  const contract = parseAddress(created.contractAddress);
  for (const { address, role } of members) {
    await sender.send({ to: contract, data: encodeCall("admit", [address, roleNumbers[role]]) }, waiting);
  }
  const code = parseBytes(await endpoints.request("eth_getCode", [contract, "latest"], waiting));
  return { federation: { chainId, contract }, fromBlock: created.blockNumber, codeDigest: keccak256(code) };
}

/** The bytes that create the contract. */
export function creationData(founding: {
  readonly owner: string;
  readonly terms: RoundTerms;
  readonly predecessor: HospitalAddress | undefined;
  readonly plan: Digest | undefined;
  readonly genesis: Digest | undefined;
  readonly privateSums?: FoundedSums | undefined;
}): string {
  const { owner, terms, predecessor = ZeroAddress, plan = zeroDigest, genesis = zeroDigest } = founding;
  const { mechanism, maxSeals } = founding.privateSums ?? { mechanism: zeroDigest, maxSeals: 0 };
  const values = [owner, terms, predecessor, plan, genesis, mechanism, maxSeals];
  return creationCode + trainingRoundsInterface.encodeDeploy(values).slice(2);
}
