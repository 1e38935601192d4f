// Which hospitals are late with their updates, and since when: the consortium's operator asks these what is wrong.
import type { HospitalAddress } from "../format/digest.ts";
import type { RoundState } from "./round.ts";

export interface LateMember {
  readonly member: HospitalAddress;
  /** Chain time, seconds: the end of committing in the first of the rounds that it missed. */
  readonly since: number;
  /** Rounds in a row, up to the newest one, whose committing ended without an update of this hospital. */
  readonly rounds: number;
}

/**
 * The hospitals without an update in the newest round whose committing has ended, and in the rounds before it.
 * @param rounds the newest first, without gaps; a longer absence counts from the oldest of them
 * @param now chain time, seconds
 */
export function lateMembers(rounds: readonly RoundState[], now: number): readonly LateMember[] {
  const hasEnded = ({ status, commitBy }: RoundState) => status !== "committing" || now > commitBy;
  const [newest] = rounds;
  const ended = rounds.filter(hasEnded);
  return (ended[0]?.members ?? [])
    .filter((member) => newest && !committed(newest, member))
    .map((member) => {
      const end = ended.findIndex((round) => !round.members.includes(member) || committed(round, member));
      const missed = end === -1 ? ended : ended.slice(0, end);
      return { member, since: missed.at(-1)?.commitBy ?? 0, rounds: missed.length };
    })
    .filter(({ rounds: missed }) => missed > 0);
}

function committed({ commitments }: RoundState, member: HospitalAddress): boolean {
  return commitments.some((commitment) => commitment.member === member);
}
