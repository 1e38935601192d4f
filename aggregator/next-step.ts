// What an aggregator does next: a pure function of what it sees. It opens, collects and proposes; it has no say in
// what becomes final.

import type { Intent } from "../party/loop.ts";
import { collectLane, collectName } from "../party/round-watch.ts";
import type { Lineage } from "../protocol/contract/lineage.ts";
import type { Commitment, Member, RoundState } from "../protocol/contract/round.ts";
import { expiryDue, mayLeaveOut, mayPropose, proposePeriod } from "../protocol/contract/turns.ts";
import type { Digest, HospitalAddress } from "../protocol/format/digest.ts";
import type { Collected } from "../protocol/judge/collect.ts";
import { leastUpdates, validUpdates } from "../protocol/judge/included.ts";
import type { RoundContext } from "../protocol/judge/round-context.ts";

export interface AggregatorView {
  readonly self: HospitalAddress;
  readonly member: Member | undefined;
  /** Chain time, seconds. */
  readonly now: number;
  readonly lineage: Lineage;
  readonly context: RoundContext | "refused" | undefined;
  readonly collected: ReadonlyMap<HospitalAddress, Collected>;
  readonly uncollected: readonly Commitment[];
  /** Chain time since which updates of the newest round could be fetched. */
  readonly askingSince: number | undefined;
  /** Attempts to fetch an update of the newest round since its newest proposal was made, by member. */
  readonly fruitless: ReadonlyMap<HospitalAddress, number>;
  /** Newest final round whose model is here. */
  readonly fetched: number;
  /** What the federation runs: the plan, and the model that its first round starts from. */
  readonly plan: Digest;
  readonly genesis: Digest;
  /** Final rounds to stop opening after. */
  readonly rounds: number;
  /** Seconds of chain time that late attestations of a final round are waited for. */
  readonly settleSeconds: number;
}

export type AggregatorStep = Intent &
  (
    | { readonly kind: "open-context"; readonly round: RoundState }
    | { readonly kind: "collect"; readonly round: RoundState; readonly commitment: Commitment }
    | { readonly kind: "fetch-model"; readonly round: RoundState; readonly model: Digest }
    | { readonly kind: "propose" | "expire"; readonly round: RoundState }
    | { readonly kind: "open"; readonly base: Digest }
  );

export function nextSteps(view: AggregatorView): AggregatorStep[] {
  const { self, now, lineage, context } = view;
  if (!view.member?.active) return [];
  const round = lineage.newest;
  if (!round) return [{ name: "open 1", lane: "chain", kind: "open", base: view.genesis }];
  const steps: AggregatorStep[] = [];
  const { id } = round;
  const onChain = { lane: "chain", round };
  const final = lineage.finals.at(-1);
  if (final?.model && final.id > view.fetched) {
    const { model } = final;
    steps.push({ name: `fetch-model ${final.id}`, lane: "model", kind: "fetch-model", round: final, model });
  }
  if (context === undefined) steps.push({ name: `open-context ${id}`, lane: "context", kind: "open-context", round });
  if (context !== undefined && context !== "refused") {
    for (const [position, commitment] of view.uncollected.entries()) {
      const name = collectName(round, commitment.member);
      steps.push({ name, lane: collectLane(position), kind: "collect", round, commitment });
    }
    if (proposalWanted(view, round, context)) {
      steps.push({ ...onChain, name: `propose ${id} ${round.proposals.length + 1}`, kind: "propose" });
    }
  }
  const minUpdates = context === undefined || context === "refused" ? 0 : context.plan.minUpdates;
  if (expiryDue(round, minUpdates, self, now)) {
    steps.push({ ...onChain, name: `expire ${id} ${round.status} ${round.proposals.length}`, kind: "expire" });
  }
  if (openingWanted(view, round)) {
    steps.push({ lane: "chain", name: `open ${id + 1}`, kind: "open", base: final?.model ?? view.genesis });
  }
  return steps;
}

function proposalWanted(view: AggregatorView, round: RoundState, { plan }: RoundContext): boolean {
  const { self, now, collected, askingSince = now } = view;
  if (!mayPropose(round, self, now)) return false;
  const settled = (member: HospitalAddress) =>
    collected.has(member) || mayLeaveOut(round, { now, askingSince, fruitless: view.fruitless.get(member) ?? 0 });
  if (!round.commitments.every(({ member }) => settled(member))) return false;
  return validUpdates(collected.values()).length >= leastUpdates(plan);
}

function openingWanted(view: AggregatorView, round: RoundState): boolean {
  const { self, now, lineage } = view;
  if (lineage.finals.length >= view.rounds) return false;
  if (round.status === "final") {
    const attested = round.proposals.at(-1)?.attestations.length ?? 0;
    const since = round.deadline - proposePeriod(round);
    const settled = attested >= round.members.length || now >= since + view.settleSeconds;
    return settled && round.id <= view.fetched;
  }
  if (round.status !== "abandoned") return false;
  // Whoever opened a round that came to nothing lets others go first.
  return now > round.deadline + (round.opener === self ? proposePeriod(round) : 0);
}
