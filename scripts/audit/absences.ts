// Who committed no update, and since when: the consortium's operator asks these hospitals what is wrong.
import type { RoundReport } from "../../protocol/audit/report.ts";
import { utc } from "./names.ts";

/** One line for each hospital without an update in the newest round whose committing is over. */
export function absenceLines(rounds: readonly RoundReport[]): string[] {
  const over = rounds.filter(({ status }) => status !== "committing").toReversed();
  return (over[0]?.hospitals ?? []).flatMap(({ hospital }) => {
    const isSilent = (round: RoundReport) =>
      round.hospitals.some((each) => each.hospital === hospital && each.contribution === "silent");
    const end = over.findIndex((round) => !isSilent(round));
    const missed = end === -1 ? over : over.slice(0, end);
    const first = missed.at(-1);
    if (!first) return [];
    const count = missed.length === 1 ? "1 round" : `${missed.length} rounds in a row`;
    return [`No update of ${hospital} since round ${first.round}, opened ${utc(first.openedAt.time)}: ${count}`];
  });
}
