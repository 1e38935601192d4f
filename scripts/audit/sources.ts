// Where an audit reads from: the chain by RPC, and objects from stores on this machine, from peers, or from both.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import { type OpenLedger, openLedger } from "../../io/chain/ledger.ts";
import { systemClock } from "../../io/clock/system-clock.ts";
import { createPeerKey } from "../../io/p2p/identity.ts";
import { openPeerNetwork } from "../../io/p2p/peer-network.ts";
import { openBlobStore } from "../../io/store/blob-store.ts";
import { openObjectFiles } from "../../io/store/object-files.ts";
import { watchMembership } from "../../party/membership-watch.ts";
import type { ObjectSource } from "../../protocol/audit/checked-blobs.ts";
import { jointSource, localExchange } from "../../protocol/audit/local-objects.ts";
import type { BlobExchange, Log } from "../../protocol/ports.ts";
import { startChain } from "../simulate/chain.ts";
import type { Target } from "./target.ts";

export interface AuditSources {
  readonly ledger: OpenLedger;
  readonly blobs: ObjectSource;
  readonly exchange: BlobExchange;
  close(): Promise<void>;
}

/** A hospital that serves auditors is there within so many milliseconds, or not at all. */
const connectMs = 15_000;
const silent: Log = { child: () => silent, debug() {}, info() {}, warn() {}, error() {} };

/** @throws LEDGER_*, RPC_*, STORE_*, CHAIN_START, STORE_MISSING, PEER_UNREACHABLE, MULTIADDR_MALFORMED, ABORTED */
export async function openSources(target: Target, signal: AbortSignal): Promise<AuditSources> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    let { endpoints } = target;
    if (target.journal !== undefined && endpoints.length === 0) {
      const chain = await startChain({ journal: target.journal });
      closers.push(() => chain.stop());
      endpoints = [chain.url];
    }
    const { federation, fromBlock, codeDigest, confirmations } = target;
    const code = codeDigest === undefined ? {} : { codeDigest };
    const ledger = await openLedger(
      { federation, fromBlock, ...code, endpoints, confirmations, patienceMs: 5000 },
      { signal },
    );
    closers.push(() => ledger.close());
    if (target.peers.length > 0) return { ledger, ...(await openPeers(target, ledger, closers, signal)), close };
    const blobs = jointSource(target.stores.map(objectsOf));
    return { ledger, blobs, exchange: localExchange(blobs), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Fetches what is missing from members that serve auditors, into the given store or one that is thrown away. */
async function openPeers(
  { peers, stores, federation }: Target,
  ledger: OpenLedger,
  closers: (() => Promise<void> | void)[],
  signal: AbortSignal,
): Promise<Pick<AuditSources, "blobs" | "exchange">> {
  let [dir] = stores;
  if (dir === undefined) {
    const temporary = await mkdtemp(join(tmpdir(), "consilium-audit-"));
    closers.push(() => rm(temporary, { recursive: true, force: true }));
    dir = temporary;
  }
  const blobs = await openBlobStore(dir);
  closers.push(() => blobs.close());
  const life = new AbortController();
  const watching = AbortSignal.any([signal, life.signal]);
  const membership = await watchMembership({ ledger, clock: systemClock, log: silent }, watching);
  closers.push(() => {
    life.abort();
    return membership.ended;
  });
  const identity = await createPeerKey();
  const network = await openPeerNetwork({ identity, listen: [], peers, federation, membership, blobs, log: silent });
  closers.push(() => network.stop());
  const deadline = systemClock.now() + connectMs;
  while (network.connectedMembers().length === 0) {
    if (systemClock.now() > deadline) {
      const remedy = "the peer must be an active member's that runs with network.serveAuditors; check the address";
      throw new FedError("PEER_UNREACHABLE", { peers: peers.join(" ") }, { remedy });
    }
    await systemClock.sleep(50, { signal });
  }
  return { blobs: openObjectFiles(dir), exchange: network.exchange };
}

/** Of a store's own folder, or of a party's, which holds it as `blobs`. */
function objectsOf(dir: string): ObjectSource {
  const path = [dir, join(dir, "blobs")].find((each) => existsSync(join(each, "objects")));
  if (path !== undefined) return openObjectFiles(path);
  const remedy = "give the store folder of a party's configuration, or one that an earlier audit filled";
  throw new FedError("STORE_MISSING", { dir }, { remedy });
}
