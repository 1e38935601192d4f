// The party on the contract: its code, this party's membership, and coins for gas.
import type { OpenLedger } from "../../io/chain/ledger.ts";
import type { HospitalAddress } from "../../protocol/format/digest.ts";
import { bad, type Finding, good, note } from "./finding.ts";

/** A commitment, a vote, and now and then an opening or a proposal (docs/chains.md). */
const gasPerRound = 400_000n;
const comfortableRounds = 50n;

export interface PartyOnChain {
  readonly self: HospitalAddress;
  readonly peerId: string | undefined;
  readonly relayed: boolean;
  readonly role: "hospital" | "aggregator";
}

export interface Funds {
  /** Wei. */
  readonly balance: bigint;
  /** Wei per gas. */
  readonly price: bigint;
}

export function checkContract(ledger: OpenLedger): Finding {
  if (ledger.isKnownCode) return good("contract", "has the code of this program's source");
  const remedy = "read its source first, or use the program that the federation was founded with";
  return note("contract", "its code is not the build that this program knows", remedy);
}

export async function checkMember(ledger: OpenLedger, party: PartyOnChain): Promise<Finding> {
  const { self, peerId, role } = party;
  const member = (await ledger.members()).find(({ address }) => address === self);
  const admit = `ask the consortium: consilium members admit ${self} --role ${role}`;
  if (!member) return bad("member", `the contract does not list ${self}`, admit);
  if (!member.active) return bad("member", `${self} was revoked`, admit);
  if (member.role !== role) {
    return bad("member", `${self} is listed as ${member.role}`, "use the configuration of that role, or another key");
  }
  if (member.peerId !== undefined && peerId !== undefined && member.peerId !== peerId) {
    const remedy = "restore the peer key that is bound, or start the node, which binds this one";
    return note("member", `listed, with the other peer key ${member.peerId}`, remedy);
  }
  return good("member", member.peerId === undefined ? "listed; the node binds its peer key when it starts" : "listed");
}

export function checkFunds({ self, relayed }: PartyOnChain, { balance, price }: Funds): Finding {
  const coins = `${(Number(balance / 10n ** 12n) / 1e6).toFixed(6)} coins`;
  if (relayed) return good("funds", `${coins}; relayed: other members pay for it`);
  const each = gasPerRound * (price > 0n ? price : 1n);
  const rounds = balance / each;
  const remedy = `send coins of this chain to ${self}: 50 rounds take about ${(Number((each * comfortableRounds) / 10n ** 12n) / 1e6).toFixed(6)} at today's price`;
  if (rounds === 0n) return bad("funds", `${coins}: not enough for a round`, remedy);
  if (rounds < comfortableRounds) return note("funds", `${coins}: about ${rounds} rounds at today's price`, remedy);
  return good("funds", `${coins}: more than ${comfortableRounds} rounds at today's price`);
}
