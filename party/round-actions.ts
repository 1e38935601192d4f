// The actions of a round that every party decides in the same way: fetch its context and updates, propose, expire.

import type { Commitment, RoundState } from "../protocol/contract/round.ts";
import { expiryDue, mayLeaveOut, mayPropose } from "../protocol/contract/turns.ts";
import type { Announcement } from "../protocol/format/announcement.ts";
import type { HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import type { Plan } from "../protocol/format/plan.ts";
import { leastUpdates, validUpdates } from "../protocol/judge/included.ts";
import { leastInSum } from "../protocol/judge/sealing.ts";
import type { Action } from "./loop.ts";
import type { RoundObservations } from "./round-watch.ts";
import type { SumObservations } from "./sum-observations.ts";

const parallelFetches = 8;

export type RoundAction = Action &
  (
    | { readonly kind: "open-context"; readonly round: RoundState }
    | { readonly kind: "collect"; readonly round: RoundState; readonly commitment: Commitment }
    | { readonly kind: "propose" | "expire"; readonly round: RoundState }
  );

export interface RoundView extends RoundObservations {
  readonly self: HospitalAddress;
  /** Chain time, seconds. */
  readonly now: number;
  /** What members have announced in a round with private sums; nothing in others. */
  readonly sum: SumObservations & { readonly announced: readonly Announcement[] };
}

/** Fetches plan and base, then every update. */
export function fetchActions({ context, collected }: RoundView, round: RoundState): RoundAction[] {
  if (context.status === "refused") return [];
  if (context.status === "missing") {
    return [{ name: `open-context ${round.id}`, lane: "context", kind: "open-context", round }];
  }
  return uncollected(round, collected).map((commitment, position) => ({
    name: collectName(round.id, commitment.member),
    // Collect actions share a few lanes: while one pauses after a failed fetch, the next one of its lane runs.
    lane: `collect ${position % parallelFetches}`,
    kind: "collect",
    round,
    commitment,
  }));
}

/** Commitments whose updates have been found neither valid nor invalid. */
export function uncollected(round: RoundState, collected: RoundView["collected"]): readonly Commitment[] {
  if (round.status === "abandoned") return [];
  return round.commitments.filter(({ member }) => !collected.has(member));
}

export function proposeActions(view: RoundView, round: RoundState): RoundAction[] {
  if (!shouldPropose(view, round)) return [];
  return [{ name: `propose ${round.id} ${round.proposals.length + 1}`, lane: "chain", kind: "propose", round }];
}

export function expireActions({ context, self, now }: RoundView, round: RoundState): RoundAction[] {
  const minUpdates = context.status === "ready" ? fewestUpdates(context.plan, round) : 0;
  if (!expiryDue(round, minUpdates, self, now)) return [];
  const name = `expire ${round.id} ${round.status} ${round.proposals.length}`;
  return [{ name, lane: "chain", kind: "expire", round }];
}

/** The fewest updates that the contract takes. */
function fewestUpdates(plan: Plan, round: RoundState): number {
  return plan.privacy ? leastInSum(plan, round) : plan.minUpdates;
}

/** Name of the action that fetches a member's update. */
export function collectName(round: RoundId, member: HospitalAddress): string {
  return `collect ${round} ${member}`;
}

/** Whether it is this party's turn, and every committed update has arrived or may be left out. */
function shouldPropose(view: RoundView, round: RoundState): boolean {
  const { self, now, context, collected, failedFetches, sum, fetchingSince = now } = view;
  if (context.status !== "ready" || !mayPropose(round, self, now)) return false;
  if (context.plan.privacy) return round.seal !== undefined && sum.key !== undefined;
  const settled = (member: HospitalAddress) =>
    collected.has(member) || mayLeaveOut(round, { now, fetchingSince, failedFetches: failedFetches.get(member) ?? 0 });
  if (!round.commitments.every(({ member }) => settled(member))) return false;
  return validUpdates(collected.values()).length >= leastUpdates(context.plan);
}
