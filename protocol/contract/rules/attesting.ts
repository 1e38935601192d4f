// Which attestations are taken, and what follows from those that are.
import type { BrokenRule, Outcome } from "../broken-rule.ts";
import type { ContractEvent, EventOf } from "../round.ts";
import {
  type AttestationRecord,
  activeIndexOf,
  type ContractState,
  everIndexOf,
  isQuorum,
  type ProposalRecord,
  type RoundRecord,
} from "../state.ts";

/** A proposal of the newest round. */
export interface ProposalSubject {
  readonly round: RoundRecord;
  readonly proposal: ProposalRecord;
}

export function attest(state: ContractState, subject: ProposalSubject, event: EventOf<"attested">): Outcome {
  const { round, proposal } = subject;
  const { member: signer, agree, scores, time } = event;
  const about = { round: round.id, proposal: proposal.number, account: signer };
  const broken: BrokenRule[] = [];
  const member = activeIndexOf(state, signer);
  const isOfRound = member !== undefined && round.members.includes(member);
  const isDuplicate = proposal.attestations.some((each) => each.member === member);
  if (!isOfRound) broken.push({ rule: "ATTESTATION_NOT_MEMBER", ...about });
  else if (isDuplicate) broken.push({ rule: "ATTESTATION_DUPLICATE", ...about });
  if (proposal.status !== "open" && proposal.status !== "accepted") {
    broken.push({ rule: "ATTESTATION_STATUS", ...about, found: proposal.status });
  }
  if (time > proposal.attestBy) {
    broken.push({ rule: "ATTESTATION_LATE", ...about, expected: `${proposal.attestBy}`, found: `${time}` });
  }
  if (!isOfRound || isDuplicate) return { state, broken };
  const attestation: AttestationRecord = { member, signer, agree, scores, counts: proposal.status === "open" };
  const attestations = [...proposal.attestations, attestation];
  const attested = withProposal(state, subject, { attestations });
  const due = attestation.counts ? consequenceOf({ round, proposal: { ...proposal, attestations } }, agree) : undefined;
  return { state: { ...attested, due }, broken };
}

export function withdrawAttestation(
  state: ContractState,
  subject: ProposalSubject,
  event: EventOf<"attestation-withdrawn">,
  /** Whether the hospital's revocation was the event before. */
  isExpected: boolean,
): Outcome {
  const { round, proposal } = subject;
  const index = everIndexOf(state, event.member);
  const attestations = proposal.attestations.filter(({ member }) => member !== index);
  const about = { round: round.id, proposal: proposal.number, account: event.member };
  return {
    state: withProposal(state, subject, { attestations }),
    broken: isExpected ? [] : [{ rule: "WITHDRAWAL_UNFOUNDED", ...about }],
  };
}

export function withProposal(
  state: ContractState,
  { round, proposal }: ProposalSubject,
  change: Partial<ProposalRecord>,
): ContractState {
  const proposals = round.proposals.map((each) => (each === proposal ? { ...each, ...change } : each));
  return { ...state, round: { ...round, proposals } };
}

/** Attestations that decide about the proposal. */
export function tally({ attestations }: Pick<ProposalRecord, "attestations">): {
  readonly agreeing: number;
  readonly disagreeing: number;
} {
  const counted = attestations.filter(({ counts }) => counts);
  const agreeing = counted.filter(({ agree }) => agree).length;
  return { agreeing, disagreeing: counted.length - agreeing };
}

/** Whether so many disagree that the others alone would be no quorum any more. */
export function isRefused({ round, proposal }: ProposalSubject): boolean {
  const hospitals = round.members.length;
  return !isQuorum(hospitals - tally(proposal).disagreeing, hospitals);
}

export function isAgreed({ round, proposal }: ProposalSubject): boolean {
  return isQuorum(tally(proposal).agreeing, round.members.length);
}

function consequenceOf(subject: ProposalSubject, agree: boolean): ContractEvent | undefined {
  const { round, proposal } = subject;
  const about = { round: round.id, proposal: proposal.number };
  if (agree) return isAgreed(subject) ? { kind: "round-finalised", ...about, model: proposal.model } : undefined;
  return isRefused(subject) ? { kind: "proposal-closed", ...about, status: "refused" } : undefined;
}
