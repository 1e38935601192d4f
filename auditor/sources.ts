// Where an audit reads from: the chain by RPC, and objects from stores on this machine, from peers, or from both.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { FedError } from "../foundation/errors.ts";
import { type OpenLedger, openLedger } from "../io/chain/ledger.ts";
import { openObjectFiles } from "../io/store/object-files.ts";
import type { ObjectSource } from "../protocol/audit/checked-blobs.ts";
import { jointSource, localExchange } from "../protocol/audit/local-objects.ts";
import type { AuditBasis } from "../protocol/audit/report.ts";
import type { BlobExchange } from "../protocol/ports.ts";
import type { AuditTarget } from "./target.ts";

export interface AuditSources {
  readonly ledger: OpenLedger;
  readonly blobs: ObjectSource;
  readonly exchange: BlobExchange;
  /** What the reading of the chain rests on, so far. */
  basis(): AuditBasis;
  close(): Promise<void>;
}

/**
 * Opens the chain and the objects of an audit.
 * @throws LEDGER_CHAIN_MISMATCH, LEDGER_CODE_MISSING, LEDGER_CODE_MISMATCH, RPC_UNAVAILABLE, ENDPOINTS_DISAGREE,
 * STORE_MISSING, PEER_UNREACHABLE, MULTIADDR_MALFORMED, ABORTED
 */
export async function openSources(target: AuditTarget, signal?: AbortSignal): Promise<AuditSources> {
  const closers: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const { federation, fromBlock, codeDigest, confirmations, endpoints } = target;
    const ledger = await openLedger(
      { federation, fromBlock, codeDigest, endpoints, confirmations, retryForMs: 5000 },
      { signal },
    );
    closers.push(() => ledger.close());
    const basis = () => ({ isKnownCode: ledger.isKnownCode, ...ledger.agreement });
    if (target.peers.length > 0) {
      // Loaded when it is needed: libp2p takes a second.
      const { openPeers } = await import("./peer-sources.ts");
      return { ledger, ...(await openPeers(target, ledger, closers, signal)), basis, close };
    }
    const blobs = jointSource(target.stores.map(objectsOf));
    return { ledger, blobs, exchange: localExchange(blobs), basis, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @param dir a store's folder, or a party's, which contains it as `blobs` */
function objectsOf(dir: string): ObjectSource {
  const path = [dir, join(dir, "blobs")].find((each) => existsSync(join(each, "objects")));
  if (path !== undefined) return openObjectFiles(path);
  const remedy = "give the store folder of a party's configuration, or one that an earlier audit filled";
  throw new FedError("STORE_MISSING", { dir }, { remedy });
}
