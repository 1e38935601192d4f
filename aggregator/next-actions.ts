// Decides an aggregator's actions: a pure function of its view. It opens, collects and proposes; it has no vote.

import type { Action } from "../party/loop.ts";
import { type RelayAction, type RelayObservations, relayActions } from "../party/relay-actions.ts";
import { type ReplicateAction, replicateActions } from "../party/replicate.ts";
import {
  expireActions,
  fetchActions,
  proposeActions,
  type RoundAction,
  type RoundView,
} from "../party/round-actions.ts";
import { type SumAction, sumActions } from "../party/sum-actions.ts";
import type { Lineage } from "../protocol/contract/lineage.ts";
import type { Member, RoundState } from "../protocol/contract/round.ts";
import { proposePeriod } from "../protocol/contract/turns.ts";
import type { Digest } from "../protocol/format/digest.ts";

export interface AggregatorView extends RoundView, RelayObservations {
  readonly member: Member | undefined;
  readonly lineage: Lineage;
  /** Scores and refusals that this process has replicated. */
  readonly replicated: ReadonlySet<Digest>;
  /** The newest final round whose model is in this aggregator's store. */
  readonly fetched: number;
  /** The federation's plan, and the model that its first round starts from. */
  readonly plan: Digest;
  readonly genesis: Digest;
  /** No round is opened after this many final ones. */
  readonly rounds: number;
  /** Whether the contract opens no round any more, since all sums that it allows were opened. */
  readonly isBudgetSpent: boolean;
  /** Seconds of chain time to wait for late attestations of a final round. */
  readonly settleSeconds: number;
}

export type AggregatorAction =
  | RoundAction
  | SumAction
  | ReplicateAction
  | RelayAction
  | (Action &
      (
        | { readonly kind: "fetch-model"; readonly round: RoundState; readonly model: Digest }
        | { readonly kind: "open"; readonly base: Digest }
      ));

/** All actions that make sense now, the most urgent first. */
export function nextActions(view: AggregatorView): AggregatorAction[] {
  const { lineage } = view;
  if (!view.member?.active) return [];
  const round = lineage.newest;
  if (!round) return [{ name: "open 1", lane: "chain", kind: "open", base: view.genesis }];
  const actions: AggregatorAction[] = [];
  const final = lineage.finals.at(-1);
  if (final?.model && final.id > view.fetched) {
    const { model } = final;
    actions.push({ name: `fetch-model ${final.id}`, lane: "model", kind: "fetch-model", round: final, model });
  }
  actions.push(...fetchActions(view, round), ...proposeActions(view, round), ...expireActions(view, round));
  actions.push(...sumActions(view, round), ...relayActions(view, round));
  if (shouldOpen(view, round)) {
    const base = final?.model ?? view.genesis;
    actions.push({ name: `open ${round.id + 1}`, lane: "chain", kind: "open", base });
  }
  actions.push(...replicateActions(view));
  return actions;
}

function shouldOpen(view: AggregatorView, round: RoundState): boolean {
  const { self, now, lineage } = view;
  if (lineage.finals.length >= view.rounds || view.isBudgetSpent) return false;
  if (round.status === "final") {
    const attested = round.proposals.at(-1)?.attestations.length ?? 0;
    const since = round.deadline - proposePeriod(round);
    const settled = attested >= round.members.length || now >= since + view.settleSeconds;
    return settled && round.id <= view.fetched;
  }
  if (round.status !== "abandoned") return false;
  // The opener of an abandoned round lets other members open the next one first.
  return now > round.deadline + (round.opener === self ? proposePeriod(round) : 0);
}
