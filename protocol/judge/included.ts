// The updates that a proposal must average: every committed one that is valid. The proposer has no choice.

import type { RoundState } from "../contract/round.ts";
import type { HospitalAddress } from "../format/digest.ts";
import type { Plan } from "../format/plan.ts";
import { requiredUpdates } from "../strategy/registry.ts";
import type { Collected, ValidUpdate } from "./collect.ts";

export function validUpdates(collected: Iterable<Collected>): readonly ValidUpdate[] {
  return [...collected].filter((each): each is ValidUpdate => each.status === "valid");
}

/** The fewest updates that make a model under the plan. */
export function leastUpdates(plan: Plan): number {
  return Math.max(plan.minUpdates, requiredUpdates(plan.strategy));
}

/** The hospitals whose updates a proposal must average, in the order of members. */
export function mustInclude(round: RoundState, updates: readonly ValidUpdate[]): readonly HospitalAddress[] {
  const valid = new Set(updates.map(({ member }) => member));
  return round.members.filter((member) => valid.has(member));
}
