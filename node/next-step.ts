// What a hospital does next: a pure function of what it sees. Every step is idempotent, so that deciding again after a
// kill, a reorganisation or a repeated wake-up does no harm.

import type { Intent } from "../party/loop.ts";
import { collectLane, collectName } from "../party/round-watch.ts";
import { ageOf } from "../protocol/contract/lineage.ts";
import type { Commitment, Proposal, RoundState } from "../protocol/contract/round.ts";
import { expiryDue, mayLeaveOut, mayOpenAfter, mayPropose } from "../protocol/contract/turns.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import { leastUpdates, validUpdates } from "../protocol/judge/included.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";
import type { HospitalView } from "./view.ts";

export type HospitalStep = Intent &
  (
    | { readonly kind: "open-context"; readonly round: RoundState }
    | { readonly kind: "collect"; readonly round: RoundState; readonly commitment: Commitment }
    | { readonly kind: "train"; readonly round: RoundState }
    | { readonly kind: "adopt"; readonly round: RoundState }
    | { readonly kind: "commit" | "propose" | "expire"; readonly round: RoundState }
    | { readonly kind: "attest"; readonly round: RoundState; readonly proposal: Proposal }
    | { readonly kind: "open"; readonly plan: Digest; readonly base: Digest }
  );

/** Times that a left-out update is asked for before its absence is believed. */
const attemptsAtLeftOut = 2;

export function nextSteps(view: HospitalView): HospitalStep[] {
  const { self, now, lineage, context } = view;
  const round = lineage.newest;
  if (!view.member?.active || !round) return [];
  const steps: HospitalStep[] = [];
  const id = round.id;

  const latestFinal = lineage.finals.at(-1);
  const adoptable = latestFinal && latestFinal.id > (view.notes.adopted?.round ?? 0) ? latestFinal : undefined;
  if (context === undefined) steps.push({ name: `open-context ${id}`, lane: "context", kind: "open-context", round });
  if (context !== undefined && context !== "refused") {
    for (const [position, commitment] of view.uncollected.entries()) {
      const name = collectName(round, commitment.member);
      steps.push({ name, lane: collectLane(position), kind: "collect", round, commitment });
    }
  }
  const trainFor = trainingWanted(view, round, adoptable !== undefined);
  if (trainFor) steps.push({ name: `train ${trainFor}`, lane: "learner", kind: "train", round });

  const onChain = { lane: "chain", round };
  const proposal = round.proposals.at(-1);
  if (adoptable) steps.push({ ...onChain, name: `adopt ${adoptable.id}`, kind: "adopt", round: adoptable });
  else if (commitWanted(view, round)) steps.push({ ...onChain, name: `commit ${id}`, kind: "commit" });
  if (proposal && attestWanted(view, round, proposal)) {
    steps.push({ ...onChain, name: `attest ${id} ${proposal.number}`, kind: "attest", proposal });
  }
  if (context !== undefined && context !== "refused") {
    if (proposalWanted(view, round, context)) {
      steps.push({ ...onChain, name: `propose ${id} ${round.proposals.length + 1}`, kind: "propose" });
    }
    if (openingWanted(view, round, context)) {
      const base = round.model ?? round.base;
      steps.push({ lane: "chain", name: `open ${id + 1}`, kind: "open", plan: round.plan, base });
    }
  }
  const minUpdates = context === undefined || context === "refused" ? 0 : context.plan.minUpdates;
  if (expiryDue(round, minUpdates, self, now)) {
    steps.push({ ...onChain, name: `expire ${id} ${round.status} ${round.proposals.length}`, kind: "expire" });
  }
  return steps;
}

function hasCommitted(round: RoundState, self: HospitalAddress): boolean {
  return round.commitments.some(({ member }) => member === self);
}

function maxStaleness({ context }: HospitalView): number {
  return context === undefined || context === "refused" ? 0 : context.plan.strategy.maxStaleness;
}

function preparedFor({ notes: { prepared }, context }: HospitalView, round: RoundState): boolean {
  if (!prepared || context === undefined || context === "refused") return false;
  return prepared.plan === round.plan && context.bases.includes(prepared.base);
}

/** Whether this hospital can still commit to something in the round. */
function commitmentOpen({ self, now, context }: HospitalView, round: RoundState): boolean {
  const open = round.status === "committing" && now <= round.commitBy;
  return open && context !== "refused" && round.members.includes(self) && !hasCommitted(round, self);
}

function commitWanted(view: HospitalView, round: RoundState): boolean {
  return commitmentOpen(view, round) && preparedFor(view, round);
}

/**
 * The round to train in. Training that has begun goes on as long as a coming round could take it: until a newer model
 * is final, or longer where the plan takes late updates.
 */
function trainingWanted(view: HospitalView, round: RoundState, adoptionPending: boolean): RoundId | undefined {
  const { training } = view;
  if (training) {
    if (view.context === undefined) return training.round;
    const age = ageOf(training.base, view.lineage);
    const usable = training.plan === round.plan && age !== undefined && age <= maxStaleness(view);
    return usable && view.context !== "refused" ? training.round : undefined;
  }
  const due = view.context !== undefined && commitmentOpen(view, round) && !preparedFor(view, round);
  return due && !adoptionPending ? round.id : undefined;
}

/** A proposal is judged once all that it includes has come, or has been asked for long enough. */
function attestWanted(view: HospitalView, round: RoundState, proposal: Proposal): boolean {
  const { self, now, collected, context } = view;
  if (context === undefined || !round.members.includes(self)) return false;
  if (proposal.attestations.some(({ member }) => member === self)) return false;
  // For the record, and for its scores, a hospital may attest a while after the others made the model final.
  if (now > (round.status === "final" ? round.deadline : round.attestBy)) return false;
  const judged = proposal.status === "open" || (proposal.status === "accepted" && round.status === "final");
  if (!judged) return false;
  if (context === "refused" || judgementDue(view, round)) return true;
  return round.commitments.every(({ member }) => {
    if (collected.has(member)) return true;
    return !proposal.included.includes(member) && (view.fruitless.get(member) ?? 0) >= attemptsAtLeftOut;
  });
}

/** Half of the time for attesting has gone: what has not come by now is not served. */
function judgementDue({ now, proposalSeenAt }: HospitalView, round: RoundState): boolean {
  return proposalSeenAt !== undefined && now > (proposalSeenAt + round.attestBy) / 2;
}

function proposalWanted(view: HospitalView, round: RoundState, { plan }: RoundContext): boolean {
  const { self, now, collected, askingSince = now } = view;
  if (!mayPropose(round, self, now)) return false;
  const settled = (member: HospitalAddress) =>
    collected.has(member) || mayLeaveOut(round, { now, askingSince, fruitless: view.fruitless.get(member) ?? 0 });
  if (!round.commitments.every(({ member }) => settled(member))) return false;
  return validUpdates(collected.values()).length >= leastUpdates(plan);
}

function openingWanted({ self, now, lineage }: HospitalView, round: RoundState, { plan }: RoundContext): boolean {
  return lineage.finals.length < plan.rounds && mayOpenAfter(round, self, now);
}
