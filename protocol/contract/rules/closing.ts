// How a proposal ends, and how a round does.
import type { BrokenRule, Outcome } from "../broken-rule.ts";
import type { EventOf } from "../events.ts";
import {
  type ContractState,
  isExhausted,
  isOver,
  isSameAccount,
  type RoundRecord,
  withFailedOpener,
} from "../state.ts";
import { isAgreed, isRefused, type ProposalSubject, tally, withProposal } from "./attesting.ts";
import { fewestUpdates } from "./sealing.ts";

export function closeProposal(
  state: ContractState,
  subject: ProposalSubject,
  { status, time }: EventOf<"proposal-closed">,
): Outcome {
  const { round, proposal } = subject;
  const about = { round: round.id, proposal: proposal.number, account: proposal.proposer.key };
  const broken: BrokenRule[] = [];
  if (status === "refused" && !isRefused(subject)) {
    const { disagreeing } = tally(proposal);
    const facts = { expected: `a third of ${round.members.length}`, found: `${disagreeing}` };
    broken.push({ rule: "REFUSED_WITHOUT_QUORUM", ...about, ...facts });
  }
  if (status === "expired" && time <= proposal.attestBy) {
    broken.push({ rule: "EXPIRED_EARLY", ...about, expected: `after ${proposal.attestBy}`, found: `${time}` });
  }
  if (proposal.status !== "open") {
    broken.push({ rule: "PROPOSAL_STATUS", ...about, found: proposal.status });
    return { state, broken };
  }
  const closed = withRound(withProposal(state, subject, { status }), {
    status: "proposing",
    proposingSince: time,
    deadline: time + proposePeriod(round),
  });
  const isOpeners = status === "refused" && isSameAccount(proposal.proposer, round.opener);
  const after = isOpeners ? withFailedOpener(closed) : closed;
  const isLast = isExhausted(state, after.round!);
  return { state: isLast ? { ...after, due: { kind: "round-abandoned", round: round.id } } : after, broken };
}

export function finaliseRound(
  state: ContractState,
  subject: ProposalSubject,
  { model, time }: EventOf<"round-finalised">,
): Outcome {
  const { round, proposal } = subject;
  const about = { round: round.id, proposal: proposal.number, digest: model };
  const broken: BrokenRule[] = [];
  if (round.status !== "proposed" || proposal.status !== "open") {
    broken.push({ rule: "ROUND_STATUS", ...about, about: "round-finalised", found: round.status });
  }
  if (!isAgreed(subject)) {
    const facts = { expected: `more than two thirds of ${round.members.length}`, found: `${tally(proposal).agreeing}` };
    broken.push({ rule: "FINAL_WITHOUT_QUORUM", ...about, ...facts });
  }
  if (proposal.model !== model) {
    broken.push({ rule: "FINAL_MODEL_MISMATCH", ...about, expected: proposal.model, found: model });
  }
  const accepted = withProposal(state, subject, { status: "accepted" });
  return { state: { ...withRound(accepted, { status: "final", model, endedAt: time }), latestModel: model }, broken };
}

export function abandonRound(
  state: ContractState,
  round: RoundRecord,
  { time }: EventOf<"round-abandoned">,
  /** Whether the event before was the failure of the last allowed proposal, or a revocation that left no quorum. */
  isExpected: boolean,
): Outcome {
  const about = { round: round.id, about: "round-abandoned", found: round.status };
  if (isOver(round)) return { state, broken: [{ rule: "ROUND_STATUS", ...about }] };
  // Nobody proposed although there were enough updates: the opener, and then everyone, let the time pass.
  const hasWork = round.status === "sealed" || (round.status === "committing" && hasEnoughUpdates(state, round));
  const isSilent = !isExpected && hasWork && time > round.deadline;
  const abandoned = withRound(isSilent ? withFailedOpener(state) : state, {
    status: "abandoned",
    proposals: round.proposals.map((each) => (each.status === "open" ? { ...each, status: "abandoned" } : each)),
    endedAt: time,
    deadline: time + proposePeriod(round),
  });
  const isDue = isExpected || isOverdue(state, round, time);
  return { state: abandoned, broken: isDue ? [] : [{ rule: "ABANDONED_EARLY", ...about }] };
}

/** Whether anyone may have the round abandoned. */
function isOverdue(state: ContractState, round: RoundRecord, time: number): boolean {
  const { status, commitBy, deadline } = round;
  if (status === "committing" && time > commitBy && !hasEnoughUpdates(state, round)) return true;
  return status !== "proposed" && time > deadline;
}

function hasEnoughUpdates(state: ContractState, round: RoundRecord): boolean {
  return round.commitments.length >= fewestUpdates(state, round);
}

function withRound(state: ContractState, change: Partial<RoundRecord>): ContractState {
  return state.round ? { ...state, round: { ...state.round, ...change } } : state;
}

function proposePeriod({ commitBy, proposeBy }: RoundRecord): number {
  return proposeBy - commitBy;
}
