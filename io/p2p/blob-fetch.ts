// Brings one object here from several peers at once. Every peer works through the chunks that nobody else has in hand;
// a chunk is kept only after its hash matched; who sends a wrong one is out for this fetch; what a slow or vanished
// peer owed, another one brings.
import { setTimeout as delay } from "node:timers/promises";
import { FedError, isFedError } from "../../foundation/errors.ts";
import type { Digest } from "../../protocol/format/digest.ts";
import { type BlobOutline, outlineDigest } from "../../protocol/format/merkle.ts";
import type { BlobStore, BlobWriter, Log } from "../../protocol/ports.ts";
import { decodeOpening } from "./blob-frames.ts";
import type { BlobSource } from "./blob-source.ts";
import { type ChunkBoard, createChunkBoard } from "./chunk-board.ts";

/** Requests to one peer at once, as long as it answers each within `fastMs`; one that is slower gets one at a time. */
const lanesOfFastPeer = 3;
const fastMs = 1500;
/** Peers that are worked with at once, where the object has as many chunks. */
const peersTogether = 6;
/** Whoever is at work and has not brought it after so long gets one more peer beside it. */
const relieveMs = 500;
/** A peer that failed but is still connected gets so many tries, a little apart. */
const triesPerPeer = 3;
const betweenTriesMs = 150;
/** With a part of the object here and nobody left to ask, so long is waited for somebody to connect again. */
const reconnectMs = 5_000;

/** Peers to ask, the likeliest first. */
export interface SourceFeed {
  /** The next one that is connected now and was not yet given. */
  poll(): BlobSource | undefined;
  /** Resolves once `poll` may have another; rejects when the signal aborts. */
  more(signal: AbortSignal): Promise<void>;
}

export interface FetchOptions {
  readonly maxBytes: number;
  readonly blobs: BlobStore;
  readonly feed: SourceFeed;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** An object of which at least the outline is here. */
interface Assembly {
  readonly writer: BlobWriter;
  readonly board: ChunkBoard;
}

/** @throws FedError BLOB_TOO_LARGE, BLOB_UNAVAILABLE, ABORTED, and the store's codes */
export async function fetchBlob(digest: Digest, { maxBytes, blobs, feed, log, signal }: FetchOptions): Promise<void> {
  const over = new AbortController(); // whole, or hopeless
  const either = AbortSignal.any([signal, over.signal]);
  const banned = new Set<string>();
  const working = new Set<Promise<void>>();
  let assembly: Promise<Assembly> | undefined;
  let fatal: unknown;
  /** Peers that may work at once. More than there are chunks to bring would only be asked in vain. */
  let places = 1;
  let wake = () => {};
  const allow = (count: number) => {
    places = Math.min(peersTogether, Math.max(places, count));
    wake();
  };
  const relief = setInterval(() => allow(working.size + 1), relieveMs);

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
    clearInterval(relief);
    await Promise.all(working);
    const state = await assembly?.catch(() => undefined);
    await state?.writer.close();
  }

  /** Puts every peer that comes to work, until the object is whole or nobody is left. */
  async function engage(): Promise<void> {
    while (!either.aborted) {
      if (working.size >= places) {
        // Whoever else is connected waits. Asking the feed for more now would be answered at once, again and again.
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
    const told = await source.ask({ kind: "outline", digest }, { signal: either });
    if (told === undefined) return;
    const { outline, whole } = decodeOpening(told);
    if (outlineDigest(outline) !== digest) throw new FedError("OUTLINE_MALFORMED", { digest });
    // Only now is the size known to be the object's: before, it was one peer's word.
    if (outline.size > maxBytes) throw new FedError("BLOB_TOO_LARGE", { digest, size: outline.size, maxBytes });
    assembly ??= assemble(outline);
    const { writer, board } = await assembly;
    if (whole !== undefined && writer.missing().length > 0) await writer.write(0, whole);
    if (board.finished() || whole !== undefined) return over.abort();
    allow(writer.missing().length);
    await bringChunks(source, writer, board);
  }

  async function assemble(outline: BlobOutline): Promise<Assembly> {
    const writer = await blobs.writer(digest, outline);
    return { writer, board: createChunkBoard(writer.missing()) };
  }

  /** As many lanes as the peer is worth; the first error ends them all. */
  async function bringChunks(source: BlobSource, writer: BlobWriter, board: ChunkBoard): Promise<void> {
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
          if (task.signal.aborted) continue; // another peer was quicker
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
