// The aggregator as a party: what it observes, and which step does what. It knows the world through its ports only, so
// the very same code runs for a federation, in tests and in the deterministic simulator.

import { FedError } from "../foundation/errors.ts";
import type { Waiting } from "../foundation/waiting.ts";
import { type Bell, runParty } from "../party/loop.ts";
import { openRound } from "../party/open-round.ts";
import { proposeModel } from "../party/propose-model.ts";
import { RoundWatch } from "../party/round-watch.ts";
import { openLineage } from "../protocol/contract/lineage.ts";
import type { Digest } from "../protocol/format/digest.ts";
import type { SharedWork } from "../protocol/judge/shared-work.ts";
import type { BlobExchange, BlobStore, Clock, Gossip, Ledger, Log, Signatures } from "../protocol/ports.ts";
import type { AggregatorEvent } from "./events.ts";
import { type AggregatorStep, type AggregatorView, nextSteps } from "./next-step.ts";

export interface AggregatorPorts {
  readonly ledger: Ledger;
  readonly blobs: BlobStore;
  readonly exchange: BlobExchange;
  readonly gossip: Gossip;
  readonly signatures: Pick<Signatures, "recover">;
  readonly work?: SharedWork;
  readonly clock: Clock;
  readonly log: Log;
}

export interface AggregatorOptions {
  /** Both in the aggregator's own store. */
  readonly plan: Digest;
  readonly genesis: Digest;
  /** Final rounds to stop opening after. */
  readonly rounds: number;
  /** Seconds of chain time that late attestations of a final round are waited for. */
  readonly settleSeconds: number;
  /** Largest model that is fetched, bytes. */
  readonly maxModelBytes: number;
}

type WithoutAggregator<Event> = Event extends AggregatorEvent ? Omit<Event, "aggregator"> : never;

/** Runs until the signal aborts; after its last round it goes on serving what it holds. */
export async function aggregateRounds(
  ports: AggregatorPorts,
  options: AggregatorOptions,
  { signal, onEvent }: { signal: AbortSignal; onEvent: (event: AggregatorEvent) => void },
): Promise<void> {
  const { ledger, blobs, exchange, gossip, clock, log } = ports;
  const { self } = ledger;
  if (self === undefined) throw new FedError("LEDGER_READ_ONLY", {});
  const { maxModelBytes } = options;
  const tell = (event: WithoutAggregator<AggregatorEvent>) =>
    onEvent({ aggregator: self, ...event } as AggregatorEvent);
  const readLineage = openLineage(ledger);
  const watch = new RoundWatch(ports, { maxModelBytes });
  let fetched = 0;
  let toldFinal = 0;
  let bell: Bell | undefined;

  const observe = async (waiting: Waiting): Promise<AggregatorView> => {
    const now = await ledger.chainTime(waiting);
    const member = (await ledger.members(waiting)).find(({ address }) => address === self);
    const lineage = await readLineage(waiting);
    const { newest, finals } = lineage;
    const news = watch.follow(newest, now, bell);
    if (newest && news.opened) tell({ event: "round-opened", round: newest.id, opener: newest.opener });
    if (newest && news.abandoned) tell({ event: "round-abandoned", round: newest.id });
    for (const { id, model } of finals) {
      if (id <= toldFinal || model === undefined) continue;
      toldFinal = id;
      tell({ event: "final", round: id, model });
      if (id === finals.at(-1)?.id && finals.length >= options.rounds) {
        tell({ event: "finished", rounds: finals.length, model });
      }
    }
    const { context, collected, askingSince, fruitless } = watch;
    const updates = { collected, uncollected: watch.uncollected(), askingSince, fruitless };
    return { ...options, self, member, now, lineage, context, ...updates, fetched };
  };

  const perform = async (
    step: AggregatorStep,
    { lineage, context, collected }: AggregatorView,
    { wanted, stop }: { wanted: AbortSignal; stop: AbortSignal },
  ): Promise<void> => {
    switch (step.kind) {
      case "open-context": {
        const { federation } = ledger;
        const accepts = (plan: Digest) => plan === options.plan;
        await watch.openContext(step.round, lineage, { federation, accepts, signal: wanted });
        if (!accepts(step.round.plan)) log.warn("plan-refused", { round: step.round.id, plan: step.round.plan });
        return;
      }
      case "collect": {
        const found = await watch.collect(step, { signal: wanted });
        if (!found) return;
        const { member } = found;
        const round = step.round.id;
        if (found.status === "valid") return tell({ event: "collected", round, member });
        log.warn("update-invalid", { round, member, code: found.code });
        return tell({ event: "invalid-update", round, member, code: found.code });
      }
      case "fetch-model":
        await exchange.fetch(step.model, { maxBytes: maxModelBytes, signal: wanted });
        fetched = step.round.id;
        return;
      case "propose": {
        if (context === undefined || context === "refused") return;
        const started = clock.now();
        const { round } = step;
        const input = { round, plan: context.plan, collected: collected.values() };
        const made = await proposeModel(ports, input, { signal: stop });
        return tell({ event: "proposed", round: round.id, ...made, seconds: (clock.now() - started) / 1000 });
      }
      case "expire":
        return ledger.expire(step.round.id, { signal: stop });
      case "open":
        await openRound({ ledger, blobs }, { plan: options.plan, base: step.base }, { signal: stop });
        return;
    }
  };

  const unsubscribe = gossip.subscribe((announcement) => watch.hear(announcement, bell));
  try {
    await runParty(
      ports,
      { observe, decide: nextSteps, perform },
      {
        signal,
        onBell(given) {
          bell = given;
        },
      },
    );
  } finally {
    unsubscribe();
  }
}
