// A party's figures for Prometheus. They count what the party tells in its events and warnings, and hold nothing of a
// patient, no score, and no name but those of error codes.
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { version } from "../../foundation/version.ts";
import type { Figure } from "../../io/telemetry/otlp-figures.ts";

/** What both roles' events have in common for a counter. */
export interface PartyEvent {
  readonly event: string;
  /** Address of the party that tells it. */
  readonly hospital?: string;
  readonly aggregator?: string;
  readonly round?: number;
  readonly code?: string;
  readonly agree?: boolean;
  readonly seconds?: number;
  readonly loss?: number;
  readonly step?: number;
  readonly steps?: number;
  readonly auc?: number | undefined;
  readonly members?: readonly string[];
}

/** Read when Prometheus asks. Undefined: not known at the moment. */
export interface Measured {
  /** Members that are connected now. */
  connectedMembers(): number | undefined;
  /** Age of the chain's newest block, seconds. */
  headAge(): Promise<number | undefined>;
  /** Free bytes on the disk of the store. */
  freeBytes(): Promise<number | undefined>;
}

export interface PartyMetrics {
  event(event: PartyEvent): void;
  /** A line of the log at the level of warning or above. */
  logged(level: "warn" | "error", event: string): void;
  /** In the text format of Prometheus. */
  text(): Promise<string>;
  /** As objects, for other formats. */
  figures(): Promise<readonly Figure[]>;
}

export function openPartyMetrics(measured: Measured): PartyMetrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Counter({ name: `consilium_${name}_total`, help, labelNames: [...labelNames], registers });
  const gauge = (name: string, help: string, collect?: () => Promise<number | undefined>) => {
    const made: Gauge = new Gauge({
      ...{ name: `consilium_${name}`, help, registers },
      ...(collect && {
        async collect() {
          const value = await collect();
          if (value === undefined) made.remove();
          else made.set(value);
        },
      }),
    });
    return made;
  };

  const info = new Gauge({ name: "consilium_party_info", help: "The software.", labelNames: ["version"], registers });
  info.set({ version }, 1);
  const round = gauge("round_newest_number", "The newest round that this party has seen.");
  const final = counter("round_final", "Rounds whose model became final.");
  const abandoned = counter("round_abandoned", "Rounds that were abandoned.");
  const late = gauge("round_late_members", "Hospitals without an update in the newest round after its time.");
  const committed = counter("update_committed", "Updates that this hospital has committed.");
  const collected = counter("update_collected", "Updates of members that were fetched and checked.");
  const invalid = counter("update_invalid", "Updates of members that were refused, by error code.", ["code"]);
  const votes = counter("vote_sent", "Votes of this hospital on proposed models.", ["agree"]);
  const refusals = counter("vote_refused", "Proposals that this hospital refused, by code.", ["code"]);
  const seconds = gauge("training_duration_seconds", "Duration of the last training.");
  const loss = gauge("training_loss", "Training loss, the last one.");
  const waiting = gauge("party_waiting", "1 while this party waits to be admitted, for coins or for its peer key.");
  const finished = gauge("party_finished", "1 when all rounds of the plan are final.");
  const logs = counter("log_events", "Lines of the log at the level of warning or above.", ["level", "event"]);
  gauge("network_connected_members", "Members that are connected now.", async () => measured.connectedMembers());
  gauge("chain_head_age_seconds", "Age of the chain's newest block.", () => measured.headAge());
  gauge("store_free_bytes", "Free bytes on the disk of the store.", () => measured.freeBytes());

  const reactions: Readonly<Record<string, (event: PartyEvent) => void>> = {
    ready: () => waiting.set(0),
    "waiting-for-admission": () => waiting.set(1),
    "waiting-for-funds": () => waiting.set(1),
    "waiting-for-peer-key": () => waiting.set(1),
    "round-opened"() {
      waiting.set(0);
      late.set(0);
    },
    training: (event) => event.loss !== undefined && loss.set(event.loss),
    trained(event) {
      seconds.set(event.seconds ?? 0);
      if (event.loss !== undefined) loss.set(event.loss);
    },
    committed: () => committed.inc(),
    collected: () => collected.inc(),
    "invalid-update": ({ code = "unknown" }) => invalid.inc({ code }),
    attested: ({ agree }) => votes.inc({ agree: agree ? "yes" : "no" }),
    refused: ({ code = "unknown" }) => refusals.inc({ code }),
    adopted: () => final.inc(),
    final: () => final.inc(),
    "round-abandoned": () => abandoned.inc(),
    late: ({ members = [] }) => late.set(members.length),
    finished: () => finished.set(1),
  };
  return {
    event(event) {
      if (event.round !== undefined) round.set(event.round);
      reactions[event.event]?.(event);
    },
    logged: (level, event) => logs.inc({ level, event }),
    text: () => registry.metrics(),
    figures: async () => (await registry.getMetricsAsJSON()) as unknown as readonly Figure[],
  };
}
