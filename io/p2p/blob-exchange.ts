// The BlobExchange over libp2p: which members to ask for an object and in which order; one fetch of an object at a time.
import { setTimeout as delay } from "node:timers/promises";
import type { Connection, Libp2p, PeerId } from "@libp2p/interface";
import { FedError } from "../../foundation/errors.ts";
import { joinSignals } from "../../foundation/joined-signal.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import { outlineDigest } from "../../protocol/format/merkle.ts";
import type { BlobExchange, BlobStore, Log } from "../../protocol/ports.ts";
import { fetchBlob, type SourceFeed } from "./blob-fetch.ts";
import { decodeOpening } from "./blob-frames.ts";
import { type BlobSource, openSource, type TimeLimits } from "./blob-source.ts";

/** Time that a fetch waits where its preferred member is not connected: until that member's neighbours have the object. */
const preferredAwayMs = 200;

export interface ExchangeOptions {
  readonly blobs: BlobStore;
  /** The member behind a peer id; undefined for strangers, who are not asked. */
  readonly memberOf: (peerId: string) => HospitalAddress | undefined;
  readonly log: Log;
  /** Ends every fetch. */
  readonly signal: AbortSignal;
  readonly timeLimits?: TimeLimits | undefined;
  /** Objects that this party, or another one with the same store, is fetching. */
  readonly fetching?: Map<Digest, Promise<void>> | undefined;
  /** Called for bytes that arrive from peers. */
  readonly onReceived?: (count: number) => void;
  /** Connects to a member whose address is known. */
  readonly connect: (member: HospitalAddress, signal: AbortSignal) => Promise<Connection | undefined>;
}

export interface OpenExchange extends BlobExchange {
  /** Whether a member says, by the object's outline, that it has the whole object; false where it cannot be asked. */
  holds(member: HospitalAddress, digest: Digest, signal: AbortSignal): Promise<boolean>;
  /** Resolves when no fetch is running. */
  idle(): Promise<void>;
}

/** Objects from connected members. */
export function openExchange(network: Libp2p, options: ExchangeOptions): OpenExchange {
  const { blobs, memberOf, connect, log, signal: stopped, timeLimits, onReceived } = options;
  const running = options.fetching ?? new Map<Digest, Promise<void>>();
  /** Fetches of this party alone. */
  const own = new Set<Promise<void>>();
  const sources = new WeakMap<Connection, BlobSource>();
  const sourceOf = (connection: Connection) => {
    const source = sources.get(connection) ?? openSource(connection, { limits: timeLimits, onReceived });
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
    const isMember = ({ remotePeer }: Connection) => memberOf(remotePeer.toString()) !== undefined;
    const isUsable = (each: Connection) => each.status === "open" && !given.has(each) && isMember(each);
    /** Direct ones first: a connection through a relay takes the relay's line twice. */
    const candidates = () =>
      network
        .getConnections()
        .filter(isUsable)
        .sort((a, b) => Number(b.direct) - Number(a.direct));
    return {
      poll() {
        const open = candidates();
        const chosen = open.find(isPreferred) ?? mostHelpful(open);
        if (chosen === undefined) return undefined;
        // A second connection leads to the same peer.
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
      /** The preferred member most likely has the object; its neighbours have it a little later. */
      async begin(signal) {
        if (preferred === undefined || network.getConnections().some(isPreferred)) return;
        await delay(preferredAwayMs, undefined, { signal }).catch(() => {});
      },
      close: () => network.removeEventListener("connection:open", onConnect),
    };
  };

  /** @throws BLOB_TOO_LARGE */
  const isHere = async (digest: Digest, maxBytes: number): Promise<boolean> => {
    if (!(await blobs.has(digest))) return false;
    const { size } = await blobs.outline(digest);
    if (size > maxBytes) throw new FedError("BLOB_TOO_LARGE", { digest, size, maxBytes });
    return true;
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
      log.debug("blob-fetched", { digest, ms: Math.round(performance.now() - started) });
    } finally {
      feed.close();
    }
  };

  return {
    async fetch(digest, { maxBytes, preferred, signal }) {
      const givenUp = () => signal?.aborted || stopped.aborted;
      for (;;) {
        if (await isHere(digest, maxBytes)) return;
        if (givenUp()) throw new FedError("ABORTED", { digest }, { cause: signal?.reason ?? stopped.reason });
        const other = running.get(digest);
        if (other === undefined) break;
        // The object is being fetched already: wait for the outcome, then look again.
        await settledOrAborted(other, signal ? [signal, stopped] : [stopped]);
      }
      const either = joinSignals(signal, stopped);
      const mine = fetchOnce(digest, maxBytes, preferred, either.signal).finally(() => {
        either.release();
        running.delete(digest);
        own.delete(mine);
      });
      running.set(digest, mine);
      own.add(mine);
      return mine;
    },
    async holds(member, digest, signal) {
      const { signal: either, release } = joinSignals(signal, stopped);
      const ofMember = (each: Connection) => each.status === "open" && memberOf(each.remotePeer.toString()) === member;
      try {
        const connection = network.getConnections().find(ofMember) ?? (await connect(member, either));
        const answer = connection && (await sourceOf(connection).ask({ kind: "outline", digest }, { signal: either }));
        return answer !== undefined && outlineDigest(decodeOpening(answer).outline) === digest;
      } catch {
        return false;
      } finally {
        release();
      }
    },
    async idle() {
      await Promise.allSettled(own);
    },
  };
}

/** Resolves when the promise has resolved or rejected, or a signal aborts. */
async function settledOrAborted(promise: Promise<unknown>, signals: readonly AbortSignal[]): Promise<void> {
  let stop = () => {};
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    for (const signal of signals) signal.addEventListener("abort", stop);
  });
  await Promise.race([promise.catch(() => {}), aborted]);
  for (const signal of signals) signal.removeEventListener("abort", stop);
}
