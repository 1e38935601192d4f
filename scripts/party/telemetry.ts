// What a running party shows to those who watch it: figures, and whether it is alive and ready.
import { diskSpaceOf } from "../../io/store/disk-space.ts";
import { serveHealth } from "../../io/telemetry/health-server.ts";
import type { WatchedParty } from "../../party/open-party.ts";
import type { Log } from "../../protocol/ports.ts";
import { openPartyMetrics, type PartyEvent } from "./party-metrics.ts";
import { watchedLog } from "./watched-log.ts";

/** A scrape waits no longer for the chain. */
const chainTimeoutMs = 3_000;

interface MeasuredParty {
  readonly ledger: Pick<WatchedParty["ledger"], "chainTime">;
  readonly network: Pick<WatchedParty["network"], "connectedMembers">;
}

export interface Telemetry {
  /** host:port. */
  readonly address: string;
  event(event: PartyEvent): void;
  /** A log that counts warnings on their way. */
  counting(log: Log): Log;
  opened(party: MeasuredParty): void;
  close(): Promise<void>;
}

/** @throws TELEMETRY_LISTEN_FAILED */
export async function openTelemetry(listen: string, { store }: { readonly store: string }): Promise<Telemetry> {
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
  const server = await serveHealth(listen, {
    metrics: () => metrics.text(),
    async notReady() {
      if (!party) return [isWaiting ?? "starting"];
      const reasons: string[] = [];
      if ((await headAge()) === undefined) reasons.push("no RPC endpoint answers");
      if (party.network.connectedMembers().length === 0) reasons.push("no member is connected");
      return reasons;
    },
  });
  return {
    address: server.address,
    event(event) {
      if (event.event.startsWith("waiting-")) isWaiting = event.event;
      metrics.event(event);
    },
    counting: (log) => watchedLog(log, (level, event) => metrics.logged(level, event)),
    opened(open) {
      party = open;
    },
    close: () => server.close(),
  };
}
