// The contract's memory as the rules derive it from its events. Members are known by index: an address is only the key
// that a member had at some time, and two addresses may be one member.
import { type Digest, type HospitalAddress, type RoundId, zeroDigest } from "../format/digest.ts";
import type { ContractEvent, EventPlace } from "./events.ts";
import { MemberKeys } from "./member-keys.ts";
import type {
  Attestation,
  Commitment,
  MemberRole,
  PrivateSums,
  Proposal,
  RoundStatus,
  RoundTerms,
  Seal,
} from "./round.ts";

/** Never changed in place: a reader may keep any state and go on from it later. */
export interface ContractState {
  /** All members ever admitted, by index. */
  readonly members: readonly MemberRecord[];
  /** All keys that members have or had. */
  readonly keys: MemberKeys;
  /** Of the newest round, or as set since it ended. */
  readonly terms: RoundTerms | undefined;
  /** Terms that were set while a round ran: they hold from the next opening on. */
  readonly nextTerms: RoundTerms | undefined;
  /** The plan that the next round must have. */
  readonly plan: Digest | undefined;
  /** Chain time, seconds, at which the last pause ends or ended; 0 where the rounds were never paused. */
  readonly pausedUntil: number;
  /** The newest round: no event names an older one. */
  readonly round: RoundRecord | undefined;
  /** The last final model, or the genesis that the contract was founded with. */
  readonly latestModel: Digest | undefined;
  readonly commitmentsHash: Digest;
  /** Undefined in a federation without private sums that continues none with them. */
  readonly privateSums: PrivateSums | undefined;
  /** The event that the contract emits next, in the same call; undefined where none must follow. */
  readonly due: ContractEvent | undefined;
}

export interface MemberRecord {
  readonly index: number;
  readonly role: MemberRole;
  /** The present chain key. */
  readonly key: HospitalAddress;
  readonly peerId: string | undefined;
  /** Chain times, seconds. */
  readonly admittedAt: number;
  readonly revokedAt: number | undefined;
  /** The first round that it may open without waiting; 0 where it never failed as an opener. */
  readonly openFrom: number;
}

/** An account that acted. An honest history has an index in each. */
export interface Account {
  readonly index: number | undefined;
  readonly key: HospitalAddress;
}

export interface RoundRecord {
  readonly id: RoundId;
  readonly status: RoundStatus;
  readonly opener: Account;
  readonly plan: Digest;
  readonly base: Digest;
  /** Indices of the hospitals that were active at the opening, ascending. */
  readonly members: readonly number[];
  readonly openedAt: EventPlace;
  /** Chain times, seconds. */
  readonly commitBy: number;
  readonly proposeBy: number;
  /** As the contract stores it: until when the present status may last. */
  readonly deadline: number;
  /** Since when a proposal has been due. */
  readonly proposingSince: number;
  /** The number of commitments that starts the grace period; 0: none does. */
  readonly closeAt: number;
  readonly openerFailed: boolean;
  /** When the round became final or was abandoned. */
  readonly endedAt: number | undefined;
  /** In chain order. */
  readonly commitments: readonly CommitmentRecord[];
  /** Undefined before, and where there are no private sums. */
  readonly seal: SealRecord | undefined;
  readonly proposals: readonly ProposalRecord[];
  readonly model: Digest | undefined;
}

export interface CommitmentRecord extends Omit<Commitment, "member"> {
  readonly member: number;
}

export interface SealRecord extends Pick<Seal, "hasWaited" | "proposeBy"> {
  readonly by: Account;
  /** Ascending. */
  readonly included: readonly number[];
}

export interface ProposalRecord extends Pick<Proposal, "number" | "model" | "status" | "hasWaited"> {
  readonly proposer: Account;
  readonly included: readonly number[];
  readonly attestBy: number;
  readonly attestations: readonly AttestationRecord[];
}

export interface AttestationRecord extends Omit<Attestation, "member"> {
  readonly member: number;
  /** False for an attestation for the record, made when the model was final already. */
  readonly counts: boolean;
}

export const contractBeforeEvents: ContractState = {
  members: [],
  keys: MemberKeys.none(),
  terms: undefined,
  nextTerms: undefined,
  plan: undefined,
  pausedUntil: 0,
  round: undefined,
  latestModel: undefined,
  commitmentsHash: zeroDigest,
  privateSums: undefined,
  due: undefined,
};

/** Index of the active member whose present key this is. */
export function activeIndexOf({ members }: Pick<ContractState, "members">, key: HospitalAddress): number | undefined {
  return members.find((member) => member.revokedAt === undefined && member.key === key)?.index;
}

/** Index of the member that has or had this key, active or not: a key never belongs to two members. */
export function everIndexOf({ keys }: Pick<ContractState, "keys">, key: HospitalAddress): number | undefined {
  return keys.ownerOf(key);
}

export function activeHospitals({ members }: Pick<ContractState, "members">): readonly MemberRecord[] {
  return members.filter(({ role, revokedAt }) => role === "hospital" && revokedAt === undefined);
}

export function isSameAccount(a: Account, b: Account): boolean {
  return a.index === undefined ? a.key === b.key : a.index === b.index;
}

/** Proposals that were not decided in time. */
export function expiredCount({ proposals }: Pick<RoundRecord, "proposals">): number {
  return proposals.filter(({ status }) => status === "expired").length;
}

/** Whether the round takes no further proposal. Refused ones do not count: each member can have one refused. */
export function isExhausted({ terms }: Pick<ContractState, "terms">, round: Pick<RoundRecord, "proposals">): boolean {
  return (terms !== undefined && expiredCount(round) >= terms.maxExpired) || round.proposals.length >= 255;
}

/** Marks the newest round's opener as failed: for as many rounds as there are hospitals it lets others open first. */
export function withFailedOpener(state: ContractState): ContractState {
  const { round, members } = state;
  if (!round) return state;
  const openFrom = round.id + round.members.length + 1;
  return {
    ...state,
    members: members.map((each) => (each.index === round.opener.index ? { ...each, openFrom } : each)),
    round: { ...round, openerFailed: true },
  };
}

/** Makes the end of a running round due whose hospitals that are not revoked are no quorum of it. */
export function withUnreachableQuorum(state: ContractState): ContractState {
  const { round, members } = state;
  if (!round || isOver(round)) return state;
  const left = round.members.filter((index) => members[index]?.revokedAt === undefined);
  if (isQuorum(left.length, round.members.length)) return state;
  return { ...state, due: { kind: "round-abandoned", round: round.id } };
}

export function isOver({ status }: Pick<RoundRecord, "status">): boolean {
  return status === "final" || status === "abandoned";
}

/** More than two thirds, as Bitmap.isQuorum. */
export function isQuorum(some: number, all: number): boolean {
  return some * 3 > all * 2;
}

/**
 * The state without the newest round's contents: enough to apply the events from the next opening on, so that a reader
 * may keep one for each round.
 */
export function withoutContents(state: ContractState): ContractState {
  const { round } = state;
  return round ? { ...state, round: { ...round, members: [], commitments: [], proposals: [] } } : state;
}
