// What must come true in calm: a round that began in it becomes final, whole, and is adopted by every honest hospital.

import type { Member, RoundState } from "../../protocol/contract/round.ts";
import type { RoundId } from "../../protocol/format/digest.ts";
import type { Site } from "./site.ts";
import { Violation } from "./violation.ts";

/**
 * @param contract as confirmed
 * @param calmCommitBy a round whose `commitBy` is later began in calm
 * @throws Violation left-out-in-calm where a final one of them lacks an honest hospital's update
 */
export function hasGotOn(
  { rounds, members }: { readonly rounds: readonly RoundState[]; readonly members: readonly Member[] },
  sites: readonly Site[],
  calmCommitBy: number,
): boolean {
  const final = rounds.filter(({ commitBy, status }) => commitBy > calmCommitBy && status === "final");
  for (const round of final) requireWhole(round, sites);
  const last = final.at(-1);
  if (!last) return false;
  const active = sites.filter(
    ({ address, liar, role }) =>
      role === "hospital" && !liar && members.some((member) => member.address === address && member.active),
  );
  return active.every(({ journal }) => adoptedRound(journal.entries.get("adopted")) >= last.id);
}

function requireWhole({ id, commitments, members, proposals }: RoundState, sites: readonly Site[]): void {
  const included = proposals.find(({ status }) => status === "accepted")?.included ?? [];
  for (const { address, liar } of sites) {
    if (liar || !members.includes(address) || included.includes(address)) continue;
    const committed = commitments.some(({ member }) => member === address);
    throw new Violation("left-out-in-calm", { by: address, round: id, committed });
  }
}

function adoptedRound(note: Uint8Array | undefined): number {
  return note ? (JSON.parse(new TextDecoder().decode(note)) as { round: RoundId }).round : 0;
}
