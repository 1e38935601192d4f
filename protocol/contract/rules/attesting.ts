// Which attestations are taken, and what follows from those that are.
import type { BrokenRule, Outcome } from "../broken-rule.ts";
import type { ContractEvent, EventOf } from "../events.ts";
import {
  type AttestationRecord,
  activeIndexOf,
  type ContractState,
  everIndexOf,
  isQuorum,
  type ProposalRecord,
  type RoundRecord,
  withUnreachableQuorum,
} from "../state.ts";

/** A proposal of the newest round. */
export interface ProposalSubject {
  readonly round: RoundRecord;
  readonly proposal: ProposalRecord;
}

export function attest(state: ContractState, subject: ProposalSubject, event: EventOf<"attested">): Outcome {
  return takeVotes(state, subject, [event], event.time);
}

export function attestTogether(
  state: ContractState,
  subject: ProposalSubject,
  { votes, time }: EventOf<"attested-together">,
): Outcome {
  return takeVotes(state, subject, votes, time);
}

type Vote = Pick<EventOf<"attested">, "member" | "agree" | "scores">;

/** Records the votes of one call, then decides the proposal where they suffice. */
function takeVotes(state: ContractState, subject: ProposalSubject, votes: readonly Vote[], time: number): Outcome {
  const { round } = subject;
  const broken: BrokenRule[] = [];
  let { proposal } = subject;
  const before = proposal.attestations.length;
  for (const vote of votes) {
    const taken = takeVote(state, { round, proposal }, vote, time);
    broken.push(...taken.broken);
    if (taken.attestation) proposal = { ...proposal, attestations: [...proposal.attestations, taken.attestation] };
  }
  const { attestations, status } = proposal;
  const attested = withProposal(state, subject, { attestations });
  const decides = status === "open" && attestations.length > before;
  return { state: { ...attested, due: decides ? consequenceOf({ round, proposal }) : undefined }, broken };
}

function takeVote(
  state: ContractState,
  { round, proposal }: ProposalSubject,
  { member: signer, agree, scores }: Vote,
  time: number,
): { readonly attestation: AttestationRecord | undefined; readonly broken: readonly BrokenRule[] } {
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
  if (!isOfRound || isDuplicate) return { attestation: undefined, broken };
  return { attestation: { member, signer, agree, scores, counts: proposal.status === "open" }, broken };
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
    state: withUnreachableQuorum(withProposal(state, subject, { attestations })),
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

function consequenceOf(subject: ProposalSubject): ContractEvent | undefined {
  const { round, proposal } = subject;
  const about = { round: round.id, proposal: proposal.number };
  if (isAgreed(subject)) return { kind: "round-finalised", ...about, model: proposal.model };
  return isRefused(subject) ? { kind: "proposal-closed", ...about, status: "refused" } : undefined;
}
