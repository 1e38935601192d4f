// Which updates a proposal must average: every committed one that is valid, never a choice among them.

import type { RoundState } from "../contract/round.ts";
import type { HospitalAddress } from "../format/digest.ts";
import type { Plan } from "../format/plan.ts";
import { requiredUpdates } from "../strategy/registry.ts";
import type { Collected, ValidUpdate } from "./collect.ts";

export function validUpdates(collected: Iterable<Collected>): readonly ValidUpdate[] {
  return [...collected].filter((each): each is ValidUpdate => each.status === "valid");
}

/** Fewer updates than this make no model under the plan. */
export function leastUpdates(plan: Plan): number {
  return Math.max(plan.minUpdates, requiredUpdates(plan.strategy));
}

/** The updates that a proposal must average: every committed one that is valid. In member order. */
export function mustInclude(round: RoundState, updates: readonly ValidUpdate[]): readonly HospitalAddress[] {
  const valid = new Set(updates.map(({ member }) => member));
  return round.members.filter((member) => valid.has(member));
}
