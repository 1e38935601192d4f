// The aggregator as a party: how it observes, and which function performs which action. It reaches the world through
// ports only, so the same code runs for a federation, in tests and in the deterministic simulator.

import { FedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import { PartyLoop } from "../party/loop.ts";
import { openRound } from "../party/open-round.ts";
import { proposeModel } from "../party/propose-model.ts";
import { Relay } from "../party/relay.ts";
import { Replication } from "../party/replicate.ts";
import { collectName } from "../party/round-actions.ts";
import { RoundWatch } from "../party/round-watch.ts";
import { SumBudget } from "../party/sum-budget.ts";
import { SumRound } from "../party/sum-round.ts";
import { openLineage } from "../protocol/contract/lineage.ts";
import type { Digest } from "../protocol/format/digest.ts";
import type { SharedWork } from "../protocol/judge/shared-work.ts";
import type {
  BlobExchange,
  BlobStore,
  Clock,
  Gossip,
  Ledger,
  Log,
  Signatures,
  SignedWrites,
} from "../protocol/ports.ts";
import type { BucketRules } from "../protocol/private/buckets.ts";
import type { AggregatorEvent } from "./events.ts";
import { type AggregatorAction, type AggregatorView, nextActions } from "./next-actions.ts";

export interface AggregatorPorts {
  readonly ledger: Ledger;
  readonly blobs: BlobStore;
  readonly exchange: BlobExchange;
  readonly gossip: Gossip;
  readonly signedWrites: SignedWrites;
  readonly signatures: Pick<Signatures, "recover">;
  readonly work?: SharedWork;
  readonly clock: Clock;
  readonly log: Log;
}

export interface AggregatorOptions {
  /** Plan and genesis must be in the aggregator's own store. */
  readonly plan: Digest;
  readonly genesis: Digest;
  /** No round is opened after this many final ones. */
  readonly rounds: number;
  /** Seconds of chain time to wait for late attestations of a final round. */
  readonly settleSeconds: number;
  /** Most gas that it spends in a round on what hospitals without gas have signed. */
  readonly relayGasPerRound: number;
  /** Largest model to fetch, bytes. */
  readonly maxModelBytes: number;
  /** Of tests with few hospitals; every federation has the protocol's. */
  readonly bucketRules?: BucketRules | undefined;
}

type WithoutAggregator<Event> = Event extends AggregatorEvent ? Omit<Event, "aggregator"> : never;

/** Runs until the signal aborts; after the last round it still serves its objects. */
export async function aggregateRounds(
  ports: AggregatorPorts,
  options: AggregatorOptions,
  { signal, onEvent }: { signal: AbortSignal; onEvent: (event: AggregatorEvent) => void },
): Promise<void> {
  const { ledger, blobs, exchange, gossip, clock, log } = ports;
  const { self } = ledger;
  if (self === undefined) throw new FedError("LEDGER_READ_ONLY", {});
  const { maxModelBytes } = options;
  const emit = (event: WithoutAggregator<AggregatorEvent>) =>
    onEvent({ aggregator: self, ...event } as AggregatorEvent);
  const readLineage = openLineage(ledger);
  const limits = { maxModelBytes, bucketRules: options.bucketRules };
  const watch = new RoundWatch(ports, limits, (round, member) => loop.retryNow(collectName(round, member)));
  const sums = new SumRound(ports, watch, { emit, wake: () => loop.wake() });
  const replication = new Replication(ports);
  const relay = new Relay(ports, { gasPerRound: options.relayGasPerRound });
  const budget = new SumBudget(ports, emit);
  let fetched = 0;
  let reportedFinal = 0;

  const observe = async (waiting: Waiting): Promise<AggregatorView> => {
    const now = await ledger.chainTime(waiting);
    const member = (await ledger.members(waiting)).find(({ address }) => address === self);
    const lineage = await readLineage(waiting);
    const { newest, finals } = lineage;
    const news = watch.follow(newest, now);
    if (newest && news.opened) emit({ event: "round-opened", round: newest.id, opener: newest.opener });
    if (newest && news.abandoned) emit({ event: "round-abandoned", round: newest.id });
    if (newest && news.late.length > 0) {
      log.warn("members-late", { round: newest.id, members: news.late.join(" ") });
      emit({ event: "late", round: newest.id, members: news.late });
    }
    if (news.rolledBackFrom !== undefined) {
      const facts = { seen: news.rolledBackFrom, now: newest?.id ?? 0 };
      log.warn("chain-rolled-back", facts);
      emit({ event: "chain-rolled-back", ...facts });
      const lastFinal = finals.at(-1)?.id ?? 0;
      reportedFinal = Math.min(reportedFinal, lastFinal);
      fetched = Math.min(fetched, lastFinal);
    }
    for (const { id, model } of finals) {
      if (id <= reportedFinal || model === undefined) continue;
      reportedFinal = id;
      emit({ event: "final", round: id, model });
      if (id === finals.at(-1)?.id && finals.length >= options.rounds) {
        log.info("finished", { rounds: finals.length, model });
        emit({ event: "finished", rounds: finals.length, model });
      }
    }
    const sum = sums.follow(newest);
    const isBudgetSpent = await budget.isSpent(lineage, options.rounds, waiting);
    const { replicated } = replication;
    const signed = relay.follow(newest, now);
    return {
      ...options,
      ...watch.observations(),
      ...signed,
      sum,
      self,
      member,
      now,
      lineage,
      isBudgetSpent,
      replicated,
      fetched,
    };
  };

  const accepts = (plan: Digest) => plan === options.plan;

  const perform = async (
    action: AggregatorAction,
    view: AggregatorView,
    { wanted, stop }: { wanted: AbortSignal; stop: AbortSignal },
  ): Promise<void> => {
    const { lineage, context, collected, sum } = view;
    switch (action.kind) {
      case "open-context": {
        const { round } = action;
        await watch.openContext(round, lineage, { federation: ledger.federation, accepts, signal: wanted });
        if (watch.context.status === "refused") log.warn("plan-refused", { round: round.id, plan: round.plan });
        return;
      }
      case "collect": {
        const found = await watch.collect(action, { signal: wanted });
        if (!found) return;
        const { member } = found;
        const round = action.round.id;
        if (found.status !== "invalid") return emit({ event: "collected", round, member });
        log.warn("update-invalid", { round, member, code: found.code });
        return emit({ event: "invalid-update", round, member, code: found.code });
      }
      case "fetch-model":
        await exchange.fetch(action.model, { maxBytes: maxModelBytes, signal: wanted });
        fetched = action.round.id;
        return;
      case "propose": {
        if (context.status !== "ready") return;
        const { round } = action;
        const started = clock.now();
        const input = { round, context, collected, key: sum.key };
        const made = await proposeModel(ports, input, { signal: stop });
        return emit({ event: "proposed", round: round.id, ...made, seconds: (clock.now() - started) / 1000 });
      }
      case "read-object":
      case "seal":
      case "recover-key":
      case "repeat":
        return sums.perform(action, view, { wanted, stop });
      case "relay-commitments":
      case "relay-votes":
        return relay.perform(action, stop);
      case "replicate":
        return replication.replicate(action, wanted);
      case "expire":
        return ledger.expire(action.round.id, { signal: stop });
      case "open":
        await openRound({ ledger, blobs }, { plan: options.plan, base: action.base }, { signal: stop });
        return;
    }
  };

  const loop = new PartyLoop<AggregatorView, AggregatorAction>(ports, { observe, decide: nextActions, perform });
  const unsubscribe = [
    gossip.subscribe((announcement) => {
      watch.receive(announcement);
      if (sums.receive(announcement)) loop.wake();
    }),
    ports.signedWrites.subscribe((write) => relay.receive(write) && loop.wake()),
  ];
  try {
    await loop.run(signal);
  } finally {
    for (const end of unsubscribe) end();
  }
}
