// Decides a hospital's actions: a pure function of its view. Every action is idempotent, so deciding it again after a
// kill, a reorganisation or a repeated wake-up does no harm.

import type { Action } from "../party/loop.ts";
import { type RelayAction, relayActions } from "../party/relay-actions.ts";
import { type ReplicateAction, replicateActions } from "../party/replicate.ts";
import { expireActions, fetchActions, proposeActions, type RoundAction } from "../party/round-actions.ts";
import { type SumAction, sumActions } from "../party/sum-actions.ts";
import { ageOf } from "../protocol/contract/lineage.ts";
import type { Proposal, RoundState } from "../protocol/contract/round.ts";
import { mayOpenAfter, ownSendingDue } from "../protocol/contract/turns.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import type { SignedVote, SignedWrite } from "../protocol/format/signed-write.ts";
import { type HolderAction, holderActions, isUnsettled, mayDeal } from "./holder-actions.ts";
import { wasReplaced } from "./notes.ts";
import { inputName } from "./private-input.ts";
import type { HospitalView } from "./view.ts";

export type HospitalAction =
  | RoundAction
  | SumAction
  | HolderAction
  | ReplicateAction
  | RelayAction
  | (Action &
      (
        | { readonly kind: "train" | "adopt" | "commit"; readonly round: RoundState }
        | { readonly kind: "attest"; readonly round: RoundState; readonly proposal: Proposal }
        | { readonly kind: "open"; readonly plan: Digest; readonly base: Digest }
        /** What this hospital signed is not on chain, and it is late: it sends that itself if it has gas. */
        | { readonly kind: "send-own"; readonly write: SignedWrite }
        /** What this hospital signed is on chain. */
        | { readonly kind: "report"; readonly write: SignedWrite }
      ));

/** Failed fetches of an update that a proposal leaves out, after which it counts as unavailable. */
const fetchesOfLeftOut = 2;

/** All actions that make sense now, the most urgent first. */
export function nextActions(view: HospitalView): HospitalAction[] {
  const { lineage } = view;
  const round = lineage.newest;
  if (!view.member?.active || !round) return [];
  const { id } = round;
  const actions: HospitalAction[] = fetchActions(view, round);
  const latestFinal = lineage.finals.at(-1);
  const adoptable = latestFinal && shouldAdopt(view, latestFinal) ? latestFinal : undefined;
  const trainFor = roundToTrainIn(view, round, adoptable !== undefined);
  if (trainFor) actions.push({ name: `train ${trainFor}`, lane: "learner", kind: "train", round });

  actions.push(...holderActions(view, round));

  const lane = "chain";
  const proposal = round.proposals.at(-1);
  if (adoptable) actions.push({ name: `adopt ${adoptable.id}`, lane, kind: "adopt", round: adoptable });
  else if (shouldCommit(view, round)) actions.push({ name: `commit ${id}`, lane, kind: "commit", round });
  if (proposal && shouldAttest(view, round, proposal)) {
    actions.push({ name: `attest ${id} ${proposal.number}`, lane, kind: "attest", round, proposal });
  }
  actions.push(
    ...(view.relayed ? publishedActions(view, round) : paidActions(view, round)),
    ...sumActions(view, round),
    ...replicateActions(view),
  );
  return actions;
}

/** What a hospital with gas does besides for the round, and for hospitals without. */
function paidActions(view: HospitalView, round: RoundState): HospitalAction[] {
  const actions: HospitalAction[] = proposeActions(view, round);
  if (shouldOpen(view, round)) {
    const base = round.model ?? round.base;
    actions.push({ name: `open ${round.id + 1}`, lane: "chain", kind: "open", plan: round.plan, base });
  }
  return [...actions, ...expireActions(view, round), ...relayActions(view, round)];
}

/** What a hospital without gas does about its signed writes, besides publishing them until they are on chain. */
function publishedActions({ now, self, published }: HospitalView, round: RoundState): HospitalAction[] {
  return [...published].flatMap(([name, { write, since }]): HospitalAction[] => {
    if (write.round !== round.id) return [];
    if (isOnChain(write, round, self)) return [{ name: `report ${name}`, lane: "report", kind: "report", write }];
    const deadline = deadlineOf(write, round);
    if (deadline === undefined || now > deadline || now < ownSendingDue({ since, deadline })) return [];
    return [{ name: `send-own ${name}`, lane: "own", kind: "send-own", write }];
  });
}

function isOnChain(write: SignedWrite, round: RoundState, self: HospitalAddress): boolean {
  if (write.kind === "commitment") return hasCommitted(round, self);
  const attestations = round.proposals.find((each) => isVoteOn(write, each))?.attestations ?? [];
  return attestations.some(({ member }) => member === self);
}

/** Until when the contract takes it; undefined where it no longer does. */
function deadlineOf(write: SignedWrite, round: RoundState): number | undefined {
  if (write.kind === "commitment") return round.status === "committing" ? round.commitBy : undefined;
  const proposal = round.proposals.at(-1);
  return proposal && isVoteOn(write, proposal) && round.attestBy > 0 ? round.attestBy : undefined;
}

function isVoteOn(write: SignedVote, { number, model }: Proposal): boolean {
  return write.proposal === number && write.model === model;
}

function shouldAdopt({ notes: { adopted }, lineage }: HospitalView, latestFinal: RoundState): boolean {
  return latestFinal.id > (adopted?.round ?? 0) || wasReplaced(adopted, lineage);
}

function hasCommitted(round: RoundState, self: HospitalAddress): boolean {
  return round.commitments.some(({ member }) => member === self);
}

/** Whether the prepared update can be committed in the round. */
function isPreparedFor({ notes: { prepared }, context, kept }: HospitalView, round: RoundState): boolean {
  if (!prepared || context.status !== "ready") return false;
  // A backup has no input of a private sum: the hospital trains again.
  if (context.plan.privacy && !kept.includes(inputName(prepared.trainedIn))) return false;
  return prepared.plan === round.plan && context.bases.includes(prepared.base);
}

/** Whether this hospital can still commit to an update in the round. */
function mayCommit({ self, now, context }: HospitalView, round: RoundState): boolean {
  const open = round.status === "committing" && now <= round.commitBy;
  return open && context.status !== "refused" && round.members.includes(self) && !hasCommitted(round, self);
}

function shouldCommit(view: HospitalView, round: RoundState): boolean {
  if (!mayCommit(view, round) || !isPreparedFor(view, round)) return false;
  const isPrivate = view.context.status === "ready" && view.context.plan.privacy !== undefined;
  return !isPrivate || (mayDeal(view, round) && !isUnsettled(view, round));
}

/**
 * The round to train in. Training in progress continues while a coming round could take its update: until a newer
 * model is final, or longer where the plan accepts late updates.
 */
function roundToTrainIn(view: HospitalView, round: RoundState, adoptionPending: boolean): RoundId | undefined {
  const { training, context } = view;
  if (training) {
    if (context.status === "missing") return training.round;
    const age = ageOf(training.base, view.lineage);
    const maxStaleness = context.status === "ready" ? context.plan.strategy.maxStaleness : 0;
    const usable = training.plan === round.plan && age !== undefined && age <= maxStaleness;
    return usable && context.status === "ready" ? training.round : undefined;
  }
  const due = context.status !== "missing" && mayCommit(view, round) && !isPreparedFor(view, round);
  return due && !adoptionPending ? round.id : undefined;
}

/** A proposal is judged when all its updates have been collected, or the time to fetch them is over. */
function shouldAttest(view: HospitalView, round: RoundState, proposal: Proposal): boolean {
  const { self, now, collected, context } = view;
  if (context.status === "missing" || !round.members.includes(self)) return false;
  if (proposal.attestations.some(({ member }) => member === self)) return false;
  // After the others have made the model final, a late attestation still adds this hospital's scores to the record.
  if (now > round.attestBy) return false;
  const canBeJudged = proposal.status === "open" || (proposal.status === "accepted" && round.status === "final");
  if (!canBeJudged) return false;
  if (context.status === "refused") return true;
  if (context.plan.privacy) return canJudgeSum(view, round, proposal);
  // After the decision nothing is urgent: a hospital that restarts must not refuse for updates it had no time to fetch.
  if (proposal.status === "open" && judgementDue(view, round)) return true;
  return round.commitments.every(({ member }) => {
    if (collected.has(member)) return true;
    return !proposal.included.includes(member) && (view.failedFetches.get(member) ?? 0) >= fetchesOfLeftOut;
  });
}

/** A model of an opened sum is judged when the sealed updates and the key are here, or one of the updates is wrong or late. */
function canJudgeSum(view: HospitalView, round: RoundState, proposal: Proposal): boolean {
  const statuses = proposal.included.map((member) => view.collected.get(member)?.status);
  if (statuses.includes("invalid")) return true;
  if (statuses.every((status) => status === "masked")) return view.sum.key !== undefined;
  return proposal.status === "open" && judgementDue(view, round);
}

/** Whether half of the time to fetch and attest has passed: an update that has not arrived by then counts as unserved. */
function judgementDue({ now, proposalSeenAt, fetchingSince }: HospitalView, round: RoundState): boolean {
  if (proposalSeenAt === undefined || fetchingSince === undefined) return false;
  return now > (Math.max(proposalSeenAt, fetchingSince) + round.attestBy) / 2;
}

function shouldOpen({ self, now, lineage, context, isBudgetSpent }: HospitalView, round: RoundState): boolean {
  if (context.status !== "ready" || isBudgetSpent) return false;
  return lineage.finals.length < context.plan.rounds && mayOpenAfter(round, self, now);
}
