// When a round with private sums is sealed, and with which hospitals: pure decisions from what a party knows.
import type { RoundState } from "../contract/round.ts";
import { mayLeaveOut } from "../contract/turns.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import type { Plan } from "../format/plan.ts";
import { includedDigest } from "../private/opening.ts";
import { openingThreshold } from "../private/threshold.ts";
import type { Collected } from "./collect.ts";
import { type DealerFacts, type DealerVerdict, hasCheckingEnded, judgeDealer } from "./dealers.ts";
import { leastUpdates } from "./included.ts";
import { openableSums } from "./opened-sums.ts";
import type { RoundContext } from "./round-context.ts";

/** What a party knows about the dealers of a round. */
export interface Checking {
  readonly collected: ReadonlyMap<HospitalAddress, Collected>;
  /** By dealer, then by holder. */
  readonly complaints: ReadonlyMap<HospitalAddress, ReadonlyMap<HospitalAddress, unknown>>;
  /** By dealer, then by holder: a share, or that the dealer signed a wrong one. */
  readonly answers: ReadonlyMap<HospitalAddress, ReadonlyMap<HospitalAddress, unknown>>;
}

/** What is known of each hospital that has committed, in chain order. */
export function dealerFacts(round: RoundState, { collected, complaints, answers }: Checking): readonly DealerFacts[] {
  return round.commitments.map(({ member: dealer }) => {
    const status = collected.get(dealer)?.status;
    const given = [...(answers.get(dealer) ?? [])];
    const holders = (isWrong: boolean) =>
      new Set(given.flatMap(([holder, share]) => ((share === "wrong") === isWrong ? [holder] : [])));
    return {
      dealer,
      objects: status === "masked" ? "checked" : status === undefined ? "missing" : "wrong",
      complaints: new Set(complaints.get(dealer)?.keys()),
      answered: holders(false),
      refuted: holders(true),
    };
  });
}

/** The fewest updates of a sum under the plan: more than two thirds of the round's hospitals. */
export function leastInSum(plan: Plan, { members }: Pick<RoundState, "members">): number {
  return Math.max(leastUpdates(plan), Math.floor((2 * members.length) / 3) + 1);
}

/** The hospitals that a seal includes, by member index; undefined while it is open whether one is in. */
export function sealable(
  round: RoundState,
  facts: readonly DealerFacts[],
  now: number,
): readonly HospitalAddress[] | undefined {
  const verdicts = new Map(facts.map((each) => [each.dealer, judgeDealer(round, each, now)] as const));
  if ([...verdicts.values()].some(({ verdict }) => verdict === "open")) return undefined;
  return round.members.filter((member) => verdicts.get(member)?.verdict === "in");
}

/** Hospitals that a seal leaves out, each with the reason. */
export function leftOut(
  round: RoundState,
  facts: readonly DealerFacts[],
  now: number,
): readonly (Extract<DealerVerdict, { readonly verdict: "out" }> & { readonly member: HospitalAddress })[] {
  return facts.flatMap((each) => {
    const judged = judgeDealer(round, each, now);
    return judged.verdict === "out" ? [{ ...judged, member: each.dealer }] : [];
  });
}

/** The name of a set of hospitals' deals; undefined where one of them is not here. */
export function nameOfSet(
  members: readonly HospitalAddress[],
  collected: ReadonlyMap<HospitalAddress, Collected>,
): Digest | undefined {
  const deals = dealsOf(members, collected);
  return deals && includedDigest(deals);
}

/** Digests of the deals of hospitals, in their order; undefined where one of them is not here. */
export function dealsOf(
  members: readonly HospitalAddress[],
  collected: ReadonlyMap<HospitalAddress, Collected>,
): readonly Digest[] | undefined {
  const deals = members.flatMap((member) => {
    const update = collected.get(member);
    return update?.status === "masked" ? [update.manifest.deal] : [];
  });
  return deals.length === members.length ? deals : undefined;
}

/**
 * The set to seal now; undefined where it is too early, or too few are in. It is not too early when all of the set have said
 * that they have checked exactly this set, or the time for checking is over.
 */
export function sealDue(
  round: RoundState,
  context: RoundContext,
  view: Checking & {
    readonly now: number;
    readonly checkedBy: ReadonlyMap<HospitalAddress, Digest>;
    readonly fetchingSince: number | undefined;
    readonly failedFetches: ReadonlyMap<HospitalAddress, number>;
  },
): readonly HospitalAddress[] | undefined {
  const { now, collected, checkedBy, fetchingSince = now, failedFetches } = view;
  const facts = dealerFacts(round, view);
  const included = sealable(round, facts, now);
  if (included === undefined || included.length < leastInSum(context.plan, round)) return undefined;
  // A seal that nobody would open is not spent.
  if (!openableSums(round, context, included)) return undefined;
  const isMissing = ({ objects, dealer }: DealerFacts) =>
    objects === "missing" && !mayLeaveOut(round, { now, fetchingSince, failedFetches: failedFetches.get(dealer) ?? 0 });
  if (facts.some(isMissing)) return undefined;
  if (hasCheckingEnded(round, now)) return included;
  const name = nameOfSet(included, collected);
  const checkers = round.members.filter((member) => checkedBy.get(member) === name);
  const haveAll = included.every((member) => checkers.includes(member));
  return haveAll && checkers.length >= openingThreshold(round.members.length) ? included : undefined;
}
