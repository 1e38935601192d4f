// The page of a running hospital or aggregator.
import { basename } from "node:path";
import { DashboardFeed } from "../../dashboard/server/feed.ts";
import type { ToldEvent } from "../../dashboard/state/inputs.ts";
import { software } from "../../foundation/version.ts";
import type { PartyConfig } from "../../party/config.ts";
import type { WatchedParty } from "../../party/open-party.ts";
import type { Lookout } from "./lookout.ts";
import { openDashboard, usualPlace } from "./open-dashboard.ts";
import { watchAudit } from "./watch-audit.ts";
import { watchChain } from "./watch-chain.ts";
import { watchLooks } from "./watch-looks.ts";

export interface PartyDashboard {
  readonly url: string;
  event(event: ToldEvent): void;
  opened(party: WatchedParty): void;
  close(): Promise<void>;
}

/** @throws DASHBOARD_LISTEN_FAILED, DASHBOARD_TOKEN_MISSING, DASHBOARD_TOKEN_WEAK, FILE_UNREADABLE */
export async function openPartyDashboard(
  config: PartyConfig & { readonly shard?: string },
  lookout: Lookout,
): Promise<PartyDashboard> {
  const { federation, chain, store, maxModelMiB, dashboard = { listen: usualPlace } } = config;
  const role = config.shard === undefined ? "aggregator" : "hospital";
  let party: WatchedParty | undefined;
  const feed = new DashboardFeed({
    ...{ kind: role, title: role, software, startedAt: Date.now(), stage: "starting", hasSlices: false },
    ...{ chainId: federation.chainId, contract: federation.contract },
  });
  feed.watch(watchChain(() => party?.ledger));
  feed.watch(watchLooks(() => [{ name: basename(store), look: () => lookout.look() }]));
  const { fromBlock, codeDigest } = federation;
  const { confirmations, endpoints } = chain;
  const id = { chainId: federation.chainId, contract: federation.contract };
  const target = { federation: id, fromBlock, codeDigest, confirmations, endpoints, peers: [], stores: [store] };
  feed.watch(watchAudit(() => party && { target, maxModelBytes: maxModelMiB * 2 ** 20 }));
  const { url, close } = await openDashboard(dashboard, feed);
  return {
    url,
    event: (event) => feed.tell({ kind: "event", event }),
    opened(open) {
      party = open;
      feed.tell({ kind: "about", about: { self: open.self } });
    },
    close,
  };
}
