// Members and rounds as parties and auditors read them, by address, from the records that the rules keep, by index.
import type { HospitalAddress } from "../format/digest.ts";
import type { Member, RoundState, Seal } from "./round.ts";
import type { Account, MemberRecord, RoundRecord } from "./state.ts";

export function memberOf({ index, role, key: address, peerId, revokedAt }: MemberRecord): Member {
  return { index, role, address, peerId, active: revokedAt === undefined };
}

/** @param nameOf the address to show for a member, by index */
export function roundStateOf(round: RoundRecord, nameOf: (index: number) => HospitalAddress): RoundState {
  const accountOf = ({ index, key }: Account) => (index === undefined ? key : nameOf(index));
  const { id, status, plan, base, commitBy, proposeBy, model } = round;
  const newest = round.proposals.at(-1);
  return {
    id,
    status,
    opener: accountOf(round.opener),
    plan,
    base,
    members: round.members.map(nameOf),
    commitBy,
    proposeBy,
    attestBy: newest?.status === "open" || newest?.status === "accepted" ? newest.attestBy : 0,
    deadline: deadlineOf(round),
    openerFailed: round.openerFailed,
    commitments: round.commitments.map((each) => ({ ...each, member: nameOf(each.member) })),
    seal: sealOf(round, nameOf),
    proposals: round.proposals.map(({ attestBy: _, ...proposal }) => ({
      ...proposal,
      proposer: accountOf(proposal.proposer),
      included: proposal.included.map(nameOf),
      attestations: proposal.attestations.map(({ counts: __, member, ...each }) => ({
        member: nameOf(member),
        ...each,
      })),
    })),
    model,
  };
}

function sealOf({ seal }: RoundRecord, nameOf: (index: number) => HospitalAddress): Seal | undefined {
  if (!seal) return undefined;
  const { by, included, ...rest } = seal;
  return { ...rest, by: by.index === undefined ? by.key : nameOf(by.index), included: included.map(nameOf) };
}

/** A round that is over has no deadline on chain: members other than its opener then give the opener time to go on. */
function deadlineOf({ status, deadline, endedAt, commitBy, proposeBy }: RoundRecord): number {
  if (endedAt === undefined) return deadline;
  return status === "final" ? endedAt + (proposeBy - commitBy) : endedAt;
}

/** Names members by their present keys. */
export function presentKeys(members: readonly MemberRecord[]): (index: number) => HospitalAddress {
  return (index) => members[index]!.key;
}
