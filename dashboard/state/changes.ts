// What is sent to the page: all at first, then the parts that have changed. Most changes are of one round.
import type { DashboardState, RoundShown } from "./state.ts";

/** A message to the page: absent parts are as before. */
export interface Changes {
  /** Parts of the state, whole, but for the rounds. */
  readonly parts: Partial<Omit<DashboardState, "rounds">>;
  /** Rounds that have changed. */
  readonly rounds: readonly RoundShown[];
  /** Numbers of all rounds that there are now. */
  readonly present: readonly number[];
}

/** @param before undefined for a page that has nothing yet */
export function changesSince(before: DashboardState | undefined, now: DashboardState): Changes {
  const { rounds, ...rest } = now;
  const changed = Object.entries(rest).filter(([part, value]) => before?.[part as keyof typeof rest] !== value);
  return {
    parts: Object.fromEntries(changed),
    rounds: rounds.filter((round) => !before?.rounds.includes(round)),
    present: rounds.map(({ round }) => round),
  };
}
