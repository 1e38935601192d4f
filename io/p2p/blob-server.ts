// Serves this machine's objects to peers that ask chunk by chunk. A peer costs at most a few pieces of memory and
// its share of requests; one that asks nonsense, or stops reading, loses its stream.
import { setTimeout as delay } from "node:timers/promises";
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { joinSignals } from "../../foundation/joined-signal.ts";
import type { BlobStore, Log } from "../../protocol/ports.ts";
import { createAnswerSlots } from "./answer-slots.ts";
import { answerTo } from "./blob-answer.ts";
import { type BlobRequest, blobProtocol, decodeRequest, requestBytes } from "./blob-frames.ts";
import type { Standing } from "./connection-quota.ts";
import { createPace, type Pace } from "./pace.ts";
import { writeWhole } from "./whole-write.ts";

/** Streams, and so requests, that one connection may have open. */
const lanesPerPeer = 6;
/** Answers under way; each holds about half a MiB, once as it is and once encrypted. */
const memberAnswers = { total: 20, perPeer: lanesPerPeer, stalledMs: 2_000 };
const strangerAnswers = { total: 4, perPeer: 2, stalledMs: 1_000 };
/** Requests a second: a member at full speed on a fast network stays below. */
const requestsPerMember = 1000;
/** Requests a second of all strangers together: each may read and hash a chunk. */
const requestsOfStrangers = 50;
/** Bytes that are sent at a time under an upload limit: small enough that every reader gets some every few seconds. */
const pacedBytes = 16 * 1024;
/** A reader that takes nothing for so long is gone. */
const goneMs = 30_000;

export interface BlobServerOptions {
  readonly blobs: BlobStore;
  /** What the peer is to this node; undefined is not served. */
  readonly standing: (peerId: string) => Standing;
  /** Called for each request of a peer that is served. */
  readonly onRequest: (connection: Connection) => void;
  /** Called for what has been written to a peer, bytes. */
  readonly onSent?: (count: number) => void;
  /** Limit for all answers together; without one the line is the limit. */
  readonly uploadBytesPerSecond?: number | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Registers the protocol; resolves to a function that waits until no request is being answered. */
export async function serveBlobs(network: Libp2p, options: BlobServerOptions): Promise<() => Promise<void>> {
  const { blobs, standing, onRequest, onSent = () => {}, uploadBytesPerSecond, log, signal } = options;
  const upload = uploadBytesPerSecond
    ? createPace(uploadBytesPerSecond, { burst: Math.max(pacedBytes, uploadBytesPerSecond / 10) })
    : undefined;
  const memberPaces = new Map<string, Pace>();
  const strangerPace = createPace(requestsOfStrangers);
  const slots = { member: createAnswerSlots(memberAnswers), stranger: createAnswerSlots(strangerAnswers) };
  const answering = new Set<Promise<void>>();

  network.addEventListener("peer:disconnect", ({ detail }) => memberPaces.delete(detail.toString()));
  const paceOf = (peer: string) => {
    const pace = memberPaces.get(peer) ?? createPace(requestsPerMember);
    memberPaces.set(peer, pace);
    return pace;
  };

  /** Strangers share one pace, inside their slots: those wait in a fair order, and a pace has only one queue. */
  const answer = async (stream: Stream, connection: Connection, request: BlobRequest, end: AbortSignal) => {
    const peer = connection.remotePeer.toString();
    const kind = standing(peer);
    if (kind === undefined) throw new FedError("BLOB_NOT_SERVED");
    if (kind === "member") await paceOf(peer).turn(end);
    const slot = await slots[kind].take(peer, end);
    let whole = false;
    const joined = joinSignals(end, slot.signal);
    try {
      const limit = joined.signal;
      if (kind === "stranger") await strangerPace.turn(limit);
      onRequest(connection);
      await writeWithTimeout(stream, answerTo(blobs, request), {
        signal: limit,
        upload,
        onSent,
        onProgress: slot.progress,
      });
      whole = true;
    } finally {
      joined.release();
      slot.release(whole);
    }
  };
  const accept = (stream: Stream, connection: Connection) => {
    if (standing(connection.remotePeer.toString()) === undefined || signal.aborted) {
      stream.abort(new FedError("BLOB_NOT_SERVED"));
      return;
    }
    const gone = new AbortController();
    const { signal: end, release } = joinSignals(signal, gone.signal);
    const onClose = () => {
      gone.abort();
      release();
    };
    stream.addEventListener("close", onClose, { once: true });
    readRequests(stream, (request) => {
      const work = answer(stream, connection, request, end).catch((error: unknown) => {
        const code = isFedError(error) ? error.code : "BLOB_SERVE_FAILED";
        const peer = connection.remotePeer.toString();
        if (!end.aborted) log.debug("blob-request-failed", { code, peer, kind: request.kind, digest: request.digest });
        stream.abort(isFedError(error) ? error : new FedError("BLOB_SERVE_FAILED"));
      });
      answering.add(work);
      return work.finally(() => answering.delete(work));
    });
  };
  await network.handle(blobProtocol, accept, {
    maxInboundStreams: lanesPerPeer,
    maxOutboundStreams: lanesPerPeer,
    runOnLimitedConnection: true,
  });
  return async () => {
    await Promise.allSettled(answering);
  };
}

/** Calls back for each whole request; anything else than one request at a time resets the stream. */
function readRequests(stream: Stream, onRequest: (request: BlobRequest) => Promise<void>): void {
  let buffer = new Uint8Array(requestBytes);
  let filled = 0;
  let busy = false;
  stream.addEventListener("message", ({ data }) => {
    const bytes = data.subarray();
    if (busy || filled + bytes.byteLength > requestBytes) {
      stream.abort(new FedError("BLOB_REQUEST_MALFORMED"));
      return;
    }
    buffer.set(bytes, filled);
    filled += bytes.byteLength;
    if (filled < requestBytes) return;
    const frame = buffer;
    buffer = new Uint8Array(requestBytes);
    filled = 0;
    busy = true;
    try {
      onRequest(decodeRequest(frame)).finally(() => {
        busy = false;
      });
    } catch (error) {
      stream.abort(error as FedError);
    }
  });
  stream.addEventListener("remoteCloseWrite", () => {
    if (!busy) stream.close().catch(() => stream.abort(new FedError("BLOB_STREAM_CLOSED")));
  });
}

interface Writing {
  readonly signal: AbortSignal;
  /** Bytes a second. */
  readonly upload: Pace | undefined;
  readonly onSent: (count: number) => void;
  readonly onProgress: (waitMs?: number) => void;
}

/** Aborts where the reader takes nothing for `goneMs`, however large the answer is. */
async function writeWithTimeout(stream: Stream, parts: AsyncIterable<Uint8Array>, writing: Writing): Promise<void> {
  const { upload, onSent, onProgress } = writing;
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(new FedError("BLOB_READER_STALLED", { stalledMs: goneMs })), goneMs);
  const { signal, release } = joinSignals(writing.signal, gone.signal);
  const options = {
    signal,
    onProgress() {
      timer.refresh();
      onProgress();
    },
  };
  try {
    for await (const part of parts) {
      // The time that the disk takes is not the reader's.
      options.onProgress();
      const step = upload ? pacedBytes : part.byteLength;
      for (let offset = 0; offset < part.byteLength; offset += step) {
        const piece = part.subarray(offset, offset + step);
        const waitMs = upload?.reserve(piece.byteLength) ?? 0;
        if (waitMs > 0) {
          onProgress(waitMs);
          await delay(waitMs, undefined, { signal });
          timer.refresh();
        }
        await writeWhole(stream, piece, options);
        onSent(piece.byteLength);
      }
    }
  } finally {
    clearTimeout(timer);
    release();
  }
}
