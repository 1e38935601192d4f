// Objects that an audit fetches from members that serve auditors.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FedError } from "../foundation/errors.ts";
import type { OpenLedger } from "../io/chain/ledger.ts";
import { recoverSigner } from "../io/chain/signatures.ts";
import { systemClock } from "../io/clock/system-clock.ts";
import { createPeerKey } from "../io/p2p/identity.ts";
import { openPeerNetwork } from "../io/p2p/peer-network.ts";
import { openBlobStore } from "../io/store/blob-store.ts";
import { openObjectFiles } from "../io/store/object-files.ts";
import { watchMembership } from "../party/membership-watch.ts";
import type { ObjectSource } from "../protocol/audit/checked-blobs.ts";
import type { BlobExchange, Log } from "../protocol/ports.ts";
import type { AuditTarget } from "./target.ts";

/** For the first connection to a hospital that serves auditors, milliseconds. */
const connectMs = 15_000;
const silent: Log = { child: () => silent, debug() {}, info() {}, warn() {}, error() {} };

/** Fetches missing objects from members that serve auditors, into the given store or into a temporary one. */
export async function openPeers(
  { peers, stores, federation }: AuditTarget,
  ledger: OpenLedger,
  closers: (() => Promise<void> | void)[],
  signal: AbortSignal = new AbortController().signal,
): Promise<{ readonly blobs: ObjectSource; readonly exchange: BlobExchange }> {
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
  const signatures = { recover: recoverSigner };
  const own = { identity, listen: [], peers };
  const network = await openPeerNetwork({ ...own, federation, membership, blobs, signatures, log: silent });
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
