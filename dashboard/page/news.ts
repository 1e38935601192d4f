// What a screen reader is told while the page changes: what a person would be told, and no training steps.
import type { DashboardState } from "../state/state.ts";

/** Sentences about what has happened between two states; none for the first. */
export function newsOf(before: DashboardState | undefined, now: DashboardState): readonly string[] {
  if (!before) return [];
  const news: string[] = [];
  for (const round of now.rounds) {
    const earlier = before.rounds.find((each) => each.round === round.round);
    if (!earlier) news.push(`Round ${round.round} has begun.`);
    if (round.status === "final" && earlier?.status !== "final") news.push(`Round ${round.round} is final.`);
    if (round.status === "abandoned" && earlier?.status !== "abandoned")
      news.push(`Round ${round.round} was abandoned.`);
    if (round.verdict === "broken" && earlier?.verdict !== "broken")
      news.push(`The audit of round ${round.round} does not hold.`);
  }
  if (now.about.endedAt !== undefined && before.about.endedAt === undefined) news.push("The run has ended.");
  const errors = (state: DashboardState) => state.warnings.filter(({ level }) => level === "error").length;
  if (errors(now) > errors(before)) news.push("There is a new error among the warnings.");
  return news;
}
