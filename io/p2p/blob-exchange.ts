// The BlobExchange over libp2p: which peers to ask for an object, in which order, and one fetch an object at a time.
import { setTimeout as delay } from "node:timers/promises";
import type { Connection, Libp2p, PeerId } from "@libp2p/interface";
import type { Digest, HospitalAddress } from "../../protocol/digest.ts";
import { FedError } from "../../protocol/errors.ts";
import type { BlobExchange, BlobStore, Log } from "../../protocol/ports.ts";
import { fetchBlob, type SourceFeed } from "./blob-fetch.ts";
import { type BlobSource, openSource, type Patience } from "./blob-source.ts";

/** So long those wait who are not connected with whom they were told to ask: until its neighbours have the object. */
const courtesyMs = 200;

export interface ExchangeOptions {
  readonly blobs: BlobStore;
  /** The member behind a peer id, for `preferred`; undefined for anyone else. */
  readonly memberOf: (peerId: string) => HospitalAddress | undefined;
  readonly log: Log;
  /** Ends every fetch. */
  readonly signal: AbortSignal;
  readonly patience?: Patience;
  readonly companions?: Companions;
}

/** Other parties of the same process: what one of them has fetched, or is fetching, the others need not. */
export interface Companions {
  readonly fetching: Map<Digest, Promise<void>>;
  /** To be told of what came over the network. */
  fetched(digest: Digest): void;
  /** Takes over what another one has fetched. @returns whether there was any */
  take(digest: Digest): Promise<boolean>;
}

/** Objects from whoever is connected. `idle` resolves when no fetch is running. */
export function openExchange(network: Libp2p, options: ExchangeOptions): BlobExchange & { idle(): Promise<void> } {
  const { blobs, memberOf, log, signal: stopped, patience, companions } = options;
  const running = companions?.fetching ?? new Map<Digest, Promise<void>>();
  /** Of this party alone. */
  const own = new Set<Promise<void>>();
  const sources = new WeakMap<Connection, BlobSource>();
  const sourceOf = (connection: Connection) => {
    const source = sources.get(connection) ?? openSource(connection, patience);
    sources.set(connection, source);
    return source;
  };

  const mostHelpful = (open: readonly Connection[]): Connection | undefined =>
    open.reduce<Connection | undefined>(
      (best, each) => (best && sourceOf(best).helpfulness() >= sourceOf(each).helpfulness() ? best : each),
      undefined,
    );

  const feedFor = (
    preferred: HospitalAddress | undefined,
  ): SourceFeed & { begin(signal: AbortSignal): Promise<void>; close(): void } => {
    const given = new WeakSet<Connection>();
    const isPreferred = (connection: Connection) =>
      preferred !== undefined && memberOf(connection.remotePeer.toString()) === preferred;
    const waiting = new Set<() => void>();
    const onConnect = () => {
      for (const wake of waiting) wake();
    };
    network.addEventListener("connection:open", onConnect);
    const candidates = () =>
      network.getConnections().filter((connection) => connection.status === "open" && !given.has(connection));
    return {
      poll() {
        const open = candidates();
        const chosen = open.find(isPreferred) ?? mostHelpful(open);
        if (chosen === undefined) return undefined;
        // One connection a peer is enough: a second one is the same peer by another way.
        for (const connection of network.getConnections(chosen.remotePeer as PeerId)) given.add(connection);
        return sourceOf(chosen);
      },
      more(signal) {
        return new Promise((resolve, reject) => {
          const abort = () => {
            waiting.delete(wake);
            reject(new FedError("ABORTED"));
          };
          const wake = () => {
            if (candidates().length === 0) return;
            waiting.delete(wake);
            signal.removeEventListener("abort", abort);
            resolve();
          };
          if (signal.aborted) return abort();
          signal.addEventListener("abort", abort, { once: true });
          waiting.add(wake);
          wake();
        });
      },
      /** Whoever was named is the likeliest; who is its neighbour has the object a little later. */
      async begin(signal) {
        if (preferred === undefined || network.getConnections().some(isPreferred)) return;
        await delay(courtesyMs, undefined, { signal }).catch(() => {});
      },
      close: () => network.removeEventListener("connection:open", onConnect),
    };
  };

  const fetchOnce = async (
    digest: Digest,
    maxBytes: number,
    preferred: HospitalAddress | undefined,
    signal: AbortSignal,
  ) => {
    const feed = feedFor(preferred);
    const started = performance.now();
    try {
      await feed.begin(signal);
      await fetchBlob(digest, { maxBytes, blobs, feed, log, signal });
      companions?.fetched(digest);
      log.debug("blob-fetched", { digest, ms: Math.round(performance.now() - started) });
    } finally {
      feed.close();
    }
  };

  return {
    async fetch(digest, { maxBytes, preferred, signal }) {
      const either = signal ? AbortSignal.any([signal, stopped]) : stopped;
      for (;;) {
        if (either.aborted) throw new FedError("ABORTED", { digest }, { cause: either.reason });
        if (await blobs.has(digest)) {
          const { size } = await blobs.outline(digest);
          if (size > maxBytes) throw new FedError("BLOB_TOO_LARGE", { digest, size, maxBytes });
          return;
        }
        if (await companions?.take(digest)) continue;
        const other = running.get(digest);
        if (other === undefined) break;
        // Somebody here is fetching it already: wait for the outcome, then look again.
        await Promise.race([other.catch(() => {}), aborted(either)]);
      }
      const mine = fetchOnce(digest, maxBytes, preferred, either).finally(() => {
        running.delete(digest);
        own.delete(mine);
      });
      running.set(digest, mine);
      own.add(mine);
      return mine;
    },
    async idle() {
      await Promise.allSettled(own);
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
