// Fetches one object from several peers at once. Each peer is asked for chunks that no other peer was asked for. A
// chunk is kept only if its hash matches; a peer that sends a wrong one is not asked again in this fetch. Chunks of a
// slow or vanished peer are asked of another one.
import { setTimeout as delay } from "node:timers/promises";
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { Digest } from "../../protocol/format/digest.ts";
import { type BlobOutline, outlineDigest } from "../../protocol/format/merkle.ts";
import type { BlobStore, BlobWriter, Log } from "../../protocol/ports.ts";
import { decodeOpening } from "./blob-frames.ts";
import type { BlobSource } from "./blob-source.ts";
import { type ChunkBoard, createChunkBoard } from "./chunk-board.ts";

/** Parallel requests to a peer that answers each within `fastMs`; a slower peer gets one at a time. */
const lanesOfFastPeer = 4;
const fastMs = 1500;
/** Peers that are asked at once, where the object has as many chunks. */
const maxPeersAtOnce = 6;
/** Time after which one more peer is asked, while the object is incomplete. */
const addPeerMs = 500;
/** Attempts with a peer that failed but is still connected. */
const triesPerPeer = 3;
const betweenTriesMs = 150;
/** Time that a fetch with a part of the object waits for a peer to connect, once none is left to ask. */
const reconnectMs = 5_000;

/** Peers to ask, in the order in which to ask them. */
export interface SourceFeed {
  /** The next connected peer; each is returned once. */
  poll(): BlobSource | undefined;
  /** Resolves once `poll` may return another peer; rejects when the signal aborts. */
  more(signal: AbortSignal): Promise<void>;
}

export interface FetchOptions {
  readonly maxBytes: number;
  readonly blobs: BlobStore;
  readonly feed: SourceFeed;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** An object whose outline is known and checked. */
interface Assembly {
  readonly writer: BlobWriter;
  readonly board: ChunkBoard;
}

/** @throws BLOB_TOO_LARGE, BLOB_UNAVAILABLE, ABORTED, and what the store throws */
export async function fetchBlob(digest: Digest, { maxBytes, blobs, feed, log, signal }: FetchOptions): Promise<void> {
  const over = new AbortController(); // the object is complete, or cannot be
  const either = AbortSignal.any([signal, over.signal]);
  const banned = new Set<string>();
  const working = new Set<Promise<void>>();
  let assembly: Promise<Assembly> | undefined;
  let fatal: unknown;
  /** Peers that may be asked at once: never more than there are chunks to fetch. */
  let places = 1;
  let wake = () => {};
  const allow = (count: number) => {
    places = Math.min(maxPeersAtOnce, Math.max(places, count));
    wake();
  };
  const adding = setInterval(() => allow(working.size + 1), addPeerMs);

  try {
    await engage();
    await Promise.all(working);
    if (signal.aborted) throw new FedError("ABORTED", { digest }, { cause: signal.reason });
    if (fatal !== undefined) throw fatal;
    const state = await assembly;
    if (state === undefined || state.writer.missing().length > 0) {
      throw new FedError("BLOB_UNAVAILABLE", { digest, banned: banned.size });
    }
    await state.writer.finish();
  } finally {
    over.abort();
    clearInterval(adding);
    await Promise.all(working);
    const state = await assembly?.catch(() => undefined);
    await state?.writer.close();
  }

  /** Asks peers as they connect, until the object is complete or none is left. */
  async function engage(): Promise<void> {
    while (!either.aborted) {
      if (working.size >= places) {
        // Without this wait the feed, which has more peers, would answer at once again and again.
        const widened = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([widened, ...working]);
        continue;
      }
      const source = feed.poll();
      if (source !== undefined) {
        if (banned.has(source.peerId)) continue;
        const running: Promise<void> = work(source).finally(() => working.delete(running));
        working.add(running);
        continue;
      }
      const idle = new AbortController();
      const signals = [either, idle.signal];
      if (working.size === 0) {
        if (assembly === undefined) return;
        signals.push(AbortSignal.timeout(reconnectMs));
      }
      const arrived = feed.more(AbortSignal.any(signals)).then(
        () => true,
        () => false,
      );
      const alone = working.size === 0;
      const more = await Promise.race([arrived, ...working]);
      idle.abort();
      if (alone && more === false) return;
    }
  }

  async function work(source: BlobSource): Promise<void> {
    for (let tries = 1; tries <= triesPerPeer && source.isOpen() && !either.aborted; tries++) {
      try {
        return await workOnce(source);
      } catch (error) {
        if (either.aborted) return;
        const code = isFedError(error) ? error.code : "UNEXPECTED";
        if (isFedError(error, "CHUNK_CORRUPT", "OUTLINE_MALFORMED", "BLOB_RESPONSE_MALFORMED")) {
          banned.add(source.peerId);
          log.warn("blob-peer-banned", { code, peer: source.peerId, digest });
          return;
        }
        if (!isFedError(error) || error.kind !== "blob" || isFedError(error, "BLOB_TOO_LARGE", "BLOB_BUSY")) {
          fatal ??= error;
          return over.abort();
        }
        log.debug("blob-peer-failed", { code, peer: source.peerId, digest });
        if (code === "BLOB_PEER_SILENT" || code === "BLOB_GONE") return;
        await delay(betweenTriesMs * tries, undefined, { signal: either }).catch(() => {});
      }
    }
  }

  async function workOnce(source: BlobSource): Promise<void> {
    const answer = await source.ask({ kind: "outline", digest }, { signal: either });
    if (answer === undefined) return;
    const { outline, whole } = decodeOpening(answer);
    if (outlineDigest(outline) !== digest) throw new FedError("OUTLINE_MALFORMED", { digest });
    // The size is checked after the outline: only now it is the object's and not what a peer claims.
    if (outline.size > maxBytes) throw new FedError("BLOB_TOO_LARGE", { digest, size: outline.size, maxBytes });
    assembly ??= assemble(outline);
    const { writer, board } = await assembly;
    if (whole !== undefined && writer.missing().length > 0) await writer.write(0, whole);
    if (board.finished() || whole !== undefined) return over.abort();
    allow(writer.missing().length);
    await fetchChunks(source, writer, board);
  }

  async function assemble(outline: BlobOutline): Promise<Assembly> {
    const writer = await blobs.writer(digest, outline);
    return { writer, board: createChunkBoard(writer.missing()) };
  }

  /** More parallel requests for a faster peer; the first error ends them all. */
  async function fetchChunks(source: BlobSource, writer: BlobWriter, board: ChunkBoard): Promise<void> {
    const failed = new AbortController();
    const lanes = new Set<Promise<void>>();
    const lane = async (): Promise<void> => {
      for (;;) {
        const task = await board.take(source.peerId, AbortSignal.any([either, failed.signal]));
        if (task === undefined) return;
        const started = performance.now();
        try {
          const limit = AbortSignal.any([either, failed.signal, task.signal]);
          const chunk = await source.ask({ kind: "chunk", digest, index: task.index }, { signal: limit });
          if (chunk === undefined) throw new FedError("BLOB_GONE", { digest, index: task.index });
          await writer.write(task.index, chunk);
          task.done();
        } catch (error) {
          task.giveBack();
          if (task.signal.aborted) continue; // another peer was faster
          throw error;
        }
        if (board.finished()) return over.abort();
        const fast = performance.now() - started < fastMs;
        if (!fast && lanes.size > 1) return;
        if (fast && lanes.size < lanesOfFastPeer) start();
      }
    };
    let firstError: unknown;
    const start = () => {
      const running: Promise<void> = lane()
        .catch((error: unknown) => {
          firstError ??= error;
          failed.abort();
        })
        .finally(() => lanes.delete(running));
      lanes.add(running);
    };
    start();
    while (lanes.size > 0) await Promise.race(lanes);
    if (firstError !== undefined) throw firstError;
  }
}
