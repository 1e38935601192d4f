// The actions of a round with private sums that every party decides in the same way: read what members announce, seal, and
// make the key from openings.
import type { RoundState } from "../protocol/contract/round.ts";
import { maySeal } from "../protocol/contract/turns.ts";
import type { HospitalAddress } from "../protocol/format/digest.ts";
import { sealDue } from "../protocol/judge/sealing.ts";
import { openingThreshold } from "../protocol/private/threshold.ts";
import type { Action } from "./loop.ts";
import type { RoundView } from "./round-actions.ts";
import type { SumObject } from "./sum-observations.ts";

export type SumAction = Action &
  (
    | { readonly kind: "read-object"; readonly round: RoundState; readonly object: SumObject }
    | { readonly kind: "seal"; readonly round: RoundState; readonly included: readonly HospitalAddress[] }
    | { readonly kind: "recover-key" | "repeat"; readonly round: RoundState }
  );

const parallelReads = 4;

/** Nothing in a round without private sums. */
export function sumActions(view: RoundView, round: RoundState): SumAction[] {
  const { context } = view;
  if (context.status !== "ready" || !context.plan.privacy || round.status === "abandoned") return [];
  const own = repeatActions(view, round);
  return [...readActions(view, round), ...sealActions(view, round), ...keyActions(view, round), ...own];
}

export function readName(round: RoundState, { kind, member, digest }: SumObject): string {
  return `read ${round.id} ${kind} ${member} ${digest}`;
}

function readActions({ sum }: RoundView, round: RoundState): SumAction[] {
  return sum.unread.map((object, position) => ({
    name: readName(round, object),
    lane: `read ${position % parallelReads}`,
    kind: "read-object",
    round,
    object,
  }));
}

function sealActions(view: RoundView, round: RoundState): SumAction[] {
  const { self, now, context, sum } = view;
  if (context.status !== "ready" || !maySeal(round, self, now)) return [];
  const included = sealDue(round, context, { ...view, ...sum });
  if (!included) return [];
  return [{ name: `seal ${round.id}`, lane: "chain", kind: "seal", round, included }];
}

function keyActions({ sum }: RoundView, round: RoundState): SumAction[] {
  if (!round.seal || sum.key !== undefined) return [];
  if (sum.openings.size < openingThreshold(round.members.length)) return [];
  return [{ name: `recover-key ${round.id}`, lane: "key", kind: "recover-key", round }];
}

/** Gossip may lose a message, and a member may start late: what this party announced is announced again while the round runs. */
function repeatActions({ sum }: RoundView, round: RoundState): SumAction[] {
  if (sum.announced.length === 0 || round.status === "final") return [];
  return [{ name: `repeat ${round.id}`, lane: "repeat", kind: "repeat", round }];
}
