// Decides a hospital's actions: a pure function of its view. Every action is idempotent, so deciding it again after a
// kill, a reorganisation or a repeated wake-up does no harm.

import type { Action } from "../party/loop.ts";
import { type ReplicateAction, replicateActions } from "../party/replicate.ts";
import { expireActions, fetchActions, proposeActions, type RoundAction } from "../party/round-actions.ts";
import { ageOf } from "../protocol/contract/lineage.ts";
import type { Proposal, RoundState } from "../protocol/contract/round.ts";
import { mayOpenAfter } from "../protocol/contract/turns.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import { wasReplaced } from "./notes.ts";
import type { HospitalView } from "./view.ts";

export type HospitalAction =
  | RoundAction
  | ReplicateAction
  | (Action &
      (
        | { readonly kind: "train" | "adopt" | "commit"; readonly round: RoundState }
        | { readonly kind: "attest"; readonly round: RoundState; readonly proposal: Proposal }
        | { readonly kind: "open"; readonly plan: Digest; readonly base: Digest }
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

  const lane = "chain";
  const proposal = round.proposals.at(-1);
  if (adoptable) actions.push({ name: `adopt ${adoptable.id}`, lane, kind: "adopt", round: adoptable });
  else if (shouldCommit(view, round)) actions.push({ name: `commit ${id}`, lane, kind: "commit", round });
  if (proposal && shouldAttest(view, round, proposal)) {
    actions.push({ name: `attest ${id} ${proposal.number}`, lane, kind: "attest", round, proposal });
  }
  actions.push(...proposeActions(view, round));
  if (shouldOpen(view, round)) {
    const base = round.model ?? round.base;
    actions.push({ name: `open ${id + 1}`, lane, kind: "open", plan: round.plan, base });
  }
  actions.push(...expireActions(view, round), ...replicateActions(view));
  return actions;
}

function shouldAdopt({ notes: { adopted }, lineage }: HospitalView, latestFinal: RoundState): boolean {
  return latestFinal.id > (adopted?.round ?? 0) || wasReplaced(adopted, lineage);
}

function hasCommitted(round: RoundState, self: HospitalAddress): boolean {
  return round.commitments.some(({ member }) => member === self);
}

/** Whether the prepared update can be committed in the round. */
function isPreparedFor({ notes: { prepared }, context }: HospitalView, round: RoundState): boolean {
  if (!prepared || context.status !== "ready") return false;
  return prepared.plan === round.plan && context.bases.includes(prepared.base);
}

/** Whether this hospital can still commit to an update in the round. */
function mayCommit({ self, now, context }: HospitalView, round: RoundState): boolean {
  const open = round.status === "committing" && now <= round.commitBy;
  return open && context.status !== "refused" && round.members.includes(self) && !hasCommitted(round, self);
}

function shouldCommit(view: HospitalView, round: RoundState): boolean {
  return mayCommit(view, round) && isPreparedFor(view, round);
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
  // After the decision nothing is urgent: a hospital that restarts must not refuse for updates it had no time to fetch.
  if (proposal.status === "open" && judgementDue(view, round)) return true;
  return round.commitments.every(({ member }) => {
    if (collected.has(member)) return true;
    return !proposal.included.includes(member) && (view.failedFetches.get(member) ?? 0) >= fetchesOfLeftOut;
  });
}

/** Whether half of the time to fetch and attest has passed: an update that has not arrived by then counts as unserved. */
function judgementDue({ now, proposalSeenAt, fetchingSince }: HospitalView, round: RoundState): boolean {
  if (proposalSeenAt === undefined || fetchingSince === undefined) return false;
  return now > (Math.max(proposalSeenAt, fetchingSince) + round.attestBy) / 2;
}

function shouldOpen({ self, now, lineage, context }: HospitalView, round: RoundState): boolean {
  if (context.status !== "ready") return false;
  return lineage.finals.length < context.plan.rounds && mayOpenAfter(round, self, now);
}
