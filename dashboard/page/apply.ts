// The state of the page after a message of the server (../state/changes.ts).
import type { Changes } from "../state/changes.ts";
import type { DashboardState } from "../state/state.ts";

export function apply(before: DashboardState | undefined, { parts, rounds, present }: Changes): DashboardState {
  const changed = new Map(rounds.map((round) => [round.round, round]));
  const known = new Map(before?.rounds.map((round) => [round.round, round]));
  const now = present.map((number) => changed.get(number) ?? known.get(number)).filter((round) => round !== undefined);
  return { ...(before as DashboardState), ...parts, rounds: now };
}
