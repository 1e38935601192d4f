// The rules of Consortium.sol and TrainingRounds.sol, written once: the reader of the chain, the auditor and the tests'
// fake contract all call this function. test/contracts/rules.test.ts holds it against the real contract.
import type { BrokenRule, ContractRule, Outcome } from "./broken-rule.ts";
import type { ContractEvent, EventOf, LedgerEvent, RoundEvent } from "./events.ts";
import { attest, attestTogether, withdrawAttestation } from "./rules/attesting.ts";
import { abandonRound, closeProposal, finaliseRound } from "./rules/closing.ts";
import { commitUpdate, shortenCommitting } from "./rules/committing.ts";
import { admitMember, bindPeer, revokeMember, rotateKey } from "./rules/members.ts";
import { openRound } from "./rules/opening.ts";
import { agreePlan, pauseRounds, setTerms } from "./rules/owner.ts";
import { proposeModel } from "./rules/proposing.ts";
import { foundPrivateSums, sealRound } from "./rules/sealing.ts";
import type { ContractState } from "./state.ts";

/**
 * The state after an event, and each rule that the event breaks. Pure. An event that breaks a rule is still applied as
 * far as it makes sense, so that a reader can go on and find what else is wrong.
 */
export function apply(before: ContractState, event: LedgerEvent): Outcome {
  const isExpected = before.due !== undefined && isSameStep(before.due, event);
  const state: ContractState = before.due ? { ...before, due: undefined } : before;
  const after = applyAlone(state, event, isExpected);
  return isExpected || !before.due ? after : { ...after, broken: [...brokenAtEnd(before), ...after.broken] };
}

/** What is broken where no event follows: the contract emits some events in one call, and the second is missing. */
export function brokenAtEnd({ due, round }: ContractState): readonly BrokenRule[] {
  const rule = due && missingRules[due.kind];
  if (!rule || !round) return [];
  return [{ rule, round: round.id, proposal: "proposal" in due ? due.proposal : undefined }];
}

const missingRules: Partial<Record<ContractEvent["kind"], ContractRule>> = {
  "attestation-withdrawn": "WITHDRAWAL_MISSING",
  "committing-shortened": "SHORTENED_MISSING",
  "proposal-closed": "REFUSAL_MISSING",
  "round-finalised": "FINALITY_MISSING",
  "round-abandoned": "ABANDONMENT_MISSING",
};

/** Whether the event is the one that must follow. Its other facts are judged by its own rules. */
function isSameStep(due: ContractEvent, event: ContractEvent): boolean {
  if (due.kind !== event.kind) return false;
  if ("proposal" in due && "proposal" in event && due.proposal !== event.proposal) return false;
  if ("commitBy" in due && "commitBy" in event && due.commitBy !== event.commitBy) return false;
  if ("proposeBy" in due && "proposeBy" in event && due.proposeBy !== event.proposeBy) return false;
  return !("member" in due && "member" in event) || due.member === event.member;
}

function applyAlone(state: ContractState, event: LedgerEvent, isExpected: boolean): Outcome {
  switch (event.kind) {
    case "federation-founded":
      return { state, broken: [] };
    case "private-sums-founded":
      return foundPrivateSums(state, event);
    case "plan-agreed":
      return agreePlan(state, event);
    case "member-admitted":
      return admitMember(state, event);
    case "member-revoked":
      return revokeMember(state, event);
    case "member-rotated":
      return rotateKey(state, event);
    case "peer-bound":
      return bindPeer(state, event);
    case "terms-set":
      return setTerms(state, event);
    case "rounds-paused":
      return pauseRounds(state, event);
    default: {
      const after = event.kind === "round-opened" ? openRound(state, event) : applyInRound(state, event, isExpected);
      return { ...after, broken: [...brokenByPause(state, event, isExpected), ...after.broken] };
    }
  }
}

function applyInRound(
  state: ContractState,
  event: EventOf<Exclude<RoundEvent["kind"], "round-opened">>,
  isExpected: boolean,
): Outcome {
  if (event.kind === "update-committed") return commitUpdate(state, event);
  const { round } = state;
  if (round?.id !== event.round) return mismatch(state, event);
  if (event.kind === "model-proposed") return proposeModel(state, round, event);
  if (event.kind === "round-sealed") return sealRound(state, round, event);
  if (event.kind === "committing-shortened") return shortenCommitting(state, round, event, isExpected);
  if (event.kind === "round-abandoned") return abandonRound(state, round, event, isExpected);
  const proposal = round.proposals.find(({ number }) => number === event.proposal);
  if (!proposal) {
    const { kind: about, proposal: number } = event;
    return { state, broken: [{ rule: "PROPOSAL_UNKNOWN", round: round.id, proposal: number, about }] };
  }
  const subject = { round, proposal };
  switch (event.kind) {
    case "attested":
      return attest(state, subject, event);
    case "attested-together":
      return attestTogether(state, subject, event);
    case "attestation-withdrawn":
      return withdrawAttestation(state, subject, event, isExpected);
    case "proposal-closed":
      return closeProposal(state, subject, event);
    case "round-finalised":
      return finaliseRound(state, subject, event);
  }
}

function mismatch(state: ContractState, { kind, round }: EventOf<RoundEvent["kind"]>): Outcome {
  return { state, broken: [{ rule: "ROUND_MISMATCH", round, about: kind }] };
}

/** A pause stops the rounds but not a revocation, nor what follows it. */
function brokenByPause(
  { pausedUntil }: ContractState,
  event: EventOf<RoundEvent["kind"]>,
  isExpected: boolean,
): readonly BrokenRule[] {
  const { kind, round, time } = event;
  if (time > pausedUntil || kind === "attestation-withdrawn") return [];
  if (kind === "round-abandoned" && isExpected) return [];
  return [{ rule: "ROUNDS_PAUSED", round, about: kind, expected: `after ${pausedUntil}`, found: `${time}` }];
}
