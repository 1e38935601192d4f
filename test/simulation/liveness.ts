// Progress after the faults: a round that began without faults must become final with every honest update, and every
// honest hospital must adopt its model.

import type { Member, RoundState } from "../../protocol/contract/round.ts";
import type { ContractState } from "../../protocol/contract/state.ts";
import type { RoundId } from "../../protocol/format/digest.ts";
import type { Site } from "./site.ts";
import { Violation } from "./violation.ts";

/**
 * @param contract its confirmed state
 * @param faultFreeCommitBy a round with a later `commitBy` began without faults
 * @throws Violation left-out-without-faults if such a final round lacks an honest hospital's update
 */
export function hasProgressed(
  { rounds, members }: { readonly rounds: readonly RoundState[]; readonly members: readonly Member[] },
  sites: readonly Site[],
  faultFreeCommitBy: number,
): boolean {
  const final = rounds.filter(({ commitBy, status }) => commitBy > faultFreeCommitBy && status === "final");
  for (const round of final) requireHonestUpdates(round, sites);
  const last = final.at(-1);
  return last !== undefined && haveAdopted(last, members, sites);
}

export function isBudgetSpent({ privateSums }: Pick<ContractState, "privateSums">): boolean {
  return privateSums !== undefined && privateSums.maxSeals > 0 && privateSums.seals >= privateSums.maxSeals;
}

/**
 * Progress where the privacy budget is spent: the last round is over, every honest hospital has its model, and every member has
 * had the time to open another one.
 * @param after seconds after the last round's end
 */
export function hasStopped(
  { rounds, members }: { readonly rounds: readonly RoundState[]; readonly members: readonly Member[] },
  sites: readonly Site[],
  { now, after }: { readonly now: number; readonly after: number },
): boolean {
  const last = rounds.at(-1);
  if (last?.status !== "final" && last?.status !== "abandoned") return false;
  const final = rounds.findLast(({ status }) => status === "final");
  return now > last.deadline + after && (!final || haveAdopted(final, members, sites));
}

function haveAdopted({ id }: RoundState, members: readonly Member[], sites: readonly Site[]): boolean {
  const active = sites.filter(
    ({ address, liar, role }) =>
      role === "hospital" && !liar && members.some((member) => member.address === address && member.active),
  );
  return active.every(({ journal }) => adoptedRound(journal.entries.get("adopted")) >= id);
}

function requireHonestUpdates({ id, commitments, members, proposals }: RoundState, sites: readonly Site[]): void {
  const included = proposals.find(({ status }) => status === "accepted")?.included ?? [];
  for (const { address, liar } of sites) {
    if (liar || !members.includes(address) || included.includes(address)) continue;
    const committed = commitments.some(({ member }) => member === address);
    throw new Violation("left-out-without-faults", { by: address, round: id, committed });
  }
}

function adoptedRound(note: Uint8Array | undefined): number {
  return note ? (JSON.parse(new TextDecoder().decode(note)) as { round: RoundId }).round : 0;
}
