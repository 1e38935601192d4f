// What a running party shows to those who watch it: figures and health over HTTP, and figures and spans for a collector.
import { version } from "../../foundation/version.ts";
import { diskSpaceOf } from "../../io/store/disk-space.ts";
import { serveHealth } from "../../io/telemetry/health-server.ts";
import { type OtlpSender, openOtlp, requireOpenTelemetry } from "../../io/telemetry/otlp.ts";
import type { PartyConfig } from "../../party/config.ts";
import type { WatchedParty } from "../../party/open-party.ts";
import type { Log } from "../../protocol/ports.ts";
import { openPartyMetrics, type PartyEvent } from "./party-metrics.ts";
import { roundSpans } from "./round-spans.ts";
import { watchedLog } from "./watched-log.ts";

/** A scrape waits no longer for the chain. */
const chainTimeoutMs = 3_000;

interface MeasuredParty {
  readonly ledger: Pick<WatchedParty["ledger"], "chainTime">;
  readonly network: Pick<WatchedParty["network"], "connectedMembers">;
}

export interface Telemetry {
  /** host:port of figures and health; undefined where none are served. */
  readonly address: string | undefined;
  event(event: PartyEvent): void;
  /** A log that counts warnings on their way. */
  counting(log: Log): Log;
  opened(party: MeasuredParty): void;
  close(): Promise<void>;
}

export type TelemetryConfig = Pick<PartyConfig, "telemetry" | "openTelemetry" | "store"> & {
  readonly federation: { readonly contract: string };
};

/** @throws TELEMETRY_LISTEN_FAILED, PACKAGE_MISSING */
export async function openTelemetry(config: TelemetryConfig, log: Log): Promise<Telemetry> {
  const { store, federation } = config;
  let party: MeasuredParty | undefined;
  let isWaiting: string | undefined;
  const headAge = async () => {
    try {
      const time = await party?.ledger.chainTime({ signal: AbortSignal.timeout(chainTimeoutMs) });
      return time === undefined ? undefined : Math.max(0, Date.now() / 1000 - time);
    } catch {
      return undefined;
    }
  };
  const metrics = openPartyMetrics({
    connectedMembers: () => party?.network.connectedMembers().length,
    headAge,
    // The folder is made when the party is opened.
    freeBytes: () =>
      diskSpaceOf(store).then(
        (space) => space.freeBytes,
        () => undefined,
      ),
  });
  const sources = {
    metrics: () => metrics.text(),
    async notReady() {
      if (!party) return [isWaiting ?? "starting"];
      const reasons: string[] = [];
      if ((await headAge()) === undefined) reasons.push("no RPC endpoint answers");
      if (party.network.connectedMembers().length === 0) reasons.push("no member is connected");
      return reasons;
    },
  };
  if (config.openTelemetry) requireOpenTelemetry(); // said at the start, and not at the first event
  const server = config.telemetry && (await serveHealth(config.telemetry.listen, sources));
  let sender: OtlpSender | undefined;
  let spans: ((event: PartyEvent) => void) | undefined;
  /** The first event names the party: a collector tells parties apart by their addresses. */
  const send = ({ endpoint, intervalSeconds }: NonNullable<PartyConfig["openTelemetry"]>, self: string) => {
    const resource = { "service.version": version, "service.instance.id": self };
    sender = openOtlp({
      ...{ endpoint, intervalMs: intervalSeconds * 1000, resource, figures: metrics.figures },
      log: log.child("telemetry"),
    });
    spans = roundSpans(sender, federation.contract);
  };
  return {
    address: server?.address,
    event(event) {
      if (event.event.startsWith("waiting-")) isWaiting = event.event;
      metrics.event(event);
      const self = event.hospital ?? event.aggregator;
      if (config.openTelemetry && !sender && self !== undefined) send(config.openTelemetry, self);
      spans?.(event);
    },
    counting: (log) => watchedLog(log, (level, event) => metrics.logged(level, event)),
    opened(open) {
      party = open;
    },
    async close() {
      await sender?.close();
      await server?.close();
    },
  };
}
