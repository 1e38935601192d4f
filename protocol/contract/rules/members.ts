// Who is a member under which key: admission, revocation, rotation, and the peer id that a member binds.
import type { HospitalAddress } from "../../format/digest.ts";
import type { Outcome } from "../broken-rule.ts";
import type { EventOf } from "../events.ts";
import { activeIndexOf, type ContractState, everIndexOf, type MemberRecord, withUnreachableQuorum } from "../state.ts";

export function admitMember(state: ContractState, event: EventOf<"member-admitted">): Outcome {
  const { index, member: key, role, time: admittedAt } = event;
  const { members } = state;
  if (index !== members.length || index > 255 || everIndexOf(state, key) !== undefined)
    return misfit(state, event, key);
  const admitted: MemberRecord = {
    index,
    role,
    key,
    peerId: undefined,
    admittedAt,
    revokedAt: undefined,
    openFrom: 0,
  };
  return { state: { ...state, members: [...members, admitted], keys: state.keys.with(index, key) }, broken: [] };
}

export function revokeMember(state: ContractState, event: EventOf<"member-revoked">): Outcome {
  const { index, member, time } = event;
  if (activeIndexOf(state, member) !== index) return misfit(state, event, member);
  const revoked = withMember(state, index, { revokedAt: time });
  const { round } = state;
  const open = round?.proposals.find(({ status }) => status === "open");
  const hasAttested = open?.attestations.some((each) => each.member === index);
  if (!round || !open || !hasAttested) return { state: withUnreachableQuorum(revoked), broken: [] };
  const due = { kind: "attestation-withdrawn", round: round.id, proposal: open.number, member } as const;
  return { state: { ...revoked, due }, broken: [] };
}

/** The member continues under another key. Rounds name members by index, so nothing else changes. */
export function rotateKey(state: ContractState, event: EventOf<"member-rotated">): Outcome {
  const { index, from, to } = event;
  if (activeIndexOf(state, from) !== index) return misfit(state, event, from);
  if (everIndexOf(state, to) !== undefined) return misfit(state, event, to);
  return { state: { ...withMember(state, index, { key: to }), keys: state.keys.with(index, to) }, broken: [] };
}

export function bindPeer(state: ContractState, event: EventOf<"peer-bound">): Outcome {
  const { index, member, peerId } = event;
  if (activeIndexOf(state, member) !== index) return misfit(state, event, member);
  return { state: withMember(state, index, { peerId }), broken: [] };
}

function withMember(state: ContractState, index: number, change: Partial<MemberRecord>): ContractState {
  return { ...state, members: state.members.map((each) => (each.index === index ? { ...each, ...change } : each)) };
}

function misfit(
  state: ContractState,
  { kind, index }: EventOf<"member-admitted" | "member-revoked" | "member-rotated" | "peer-bound">,
  account: HospitalAddress,
): Outcome {
  return { state, broken: [{ rule: "MEMBERSHIP_INCONSISTENT", account, about: `${kind} ${index}` }] };
}
