// Serves this machine's objects to peers that ask chunk by chunk. A peer costs at most a few chunks of memory and its
// share of requests; one that asks nonsense, or stops reading, loses its stream.
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { FedError, isFedError } from "../../foundation/errors.ts";
import { createSlots, type Slots } from "../../foundation/slots.ts";
import { chunkBytes } from "../../protocol/format/merkle.ts";
import { encodeOutline } from "../../protocol/format/outline.ts";
import type { BlobStore, Log } from "../../protocol/ports.ts";
import { type BlobRequest, blobProtocol, decodeRequest, encodeResponseHeader, requestBytes } from "./blob-frames.ts";
import { createPace, type Pace } from "./pace.ts";

/** Streams (and so requests, and so chunks in memory) that one peer may have open. */
const lanesPerPeer = 6;
/** Chunks in memory over all peers: 64 MiB for members, 8 for strangers, who thus cannot crowd members out. */
const answersTogether = { member: 64, stranger: 8 } as const;
/** Requests a second: a member at full speed on a fast network stays below; more waits its turn. */
const requestsPerSecond = { member: 1000, stranger: 50 } as const;
/** Bytes handed to the stream between two looks at its back-pressure. */
const sliceBytes = 256 * 1024;
/** A reader that takes nothing for so long is gone. */
const stalledMs = 30_000;

export interface BlobServerOptions {
  readonly blobs: BlobStore;
  /** What the peer is to us; undefined is not served. */
  readonly standing: (peerId: string) => "member" | "stranger" | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Registers the protocol; resolves to a function that waits until no request is being answered. */
export async function serveBlobs(network: Libp2p, options: BlobServerOptions): Promise<() => Promise<void>> {
  const { blobs, standing, log, signal } = options;
  const paces = new Map<string, Pace>();
  const answering = new Set<Promise<void>>();
  const slots = { member: createSlots(answersTogether.member), stranger: createSlots(answersTogether.stranger) };

  network.addEventListener("peer:disconnect", ({ detail }) => paces.delete(detail.toString()));

  const accept = (stream: Stream, connection: Connection) => {
    const peer = connection.remotePeer.toString();
    const kind = standing(peer);
    if (kind === undefined || signal.aborted) {
      stream.abort(new FedError("BLOB_NOT_SERVED"));
      return;
    }
    const gone = new AbortController();
    stream.addEventListener("close", () => gone.abort(), { once: true });
    const pace = paces.get(peer) ?? createPace(requestsPerSecond[kind]);
    paces.set(peer, pace);
    readRequests(stream, (request) => {
      const work = answer(stream, request, {
        blobs,
        pace,
        slots: slots[kind],
        signal: AbortSignal.any([signal, gone.signal]),
      }).catch((error: unknown) => {
        const code = isFedError(error) ? error.code : "BLOB_SERVE_FAILED";
        log.debug("blob-request-failed", { code, peer, kind: request.kind, digest: request.digest });
        stream.abort(new FedError(code));
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

async function answer(
  stream: Stream,
  request: BlobRequest,
  { blobs, pace, slots, signal }: { blobs: BlobStore; pace: Pace; slots: Slots; signal: AbortSignal },
): Promise<void> {
  await pace.turn(signal);
  const release = await slots.take(signal);
  try {
    const parts = await load(blobs, request);
    if (parts === undefined) {
      stream.send(encodeResponseHeader("unknown", 0));
      return;
    }
    const length = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const header = encodeResponseHeader("ok", length);
    for (const part of length <= sliceBytes ? [Buffer.concat([header, ...parts])] : [header, ...parts]) {
      for (let offset = 0; offset < part.byteLength; offset += sliceBytes) {
        const writable = stream.send(part.subarray(offset, offset + sliceBytes));
        if (!writable) await stream.onDrain({ signal: AbortSignal.any([signal, AbortSignal.timeout(stalledMs)]) });
      }
    }
  } finally {
    release();
  }
}

/** The answer's bytes; undefined for what is not here, or turns out damaged (the store then forgets it). */
async function load(blobs: BlobStore, { digest, ...request }: BlobRequest): Promise<readonly Uint8Array[] | undefined> {
  try {
    const outline = await blobs.outline(digest);
    if (request.kind === "outline") {
      const short = outline.size <= chunkBytes;
      return [encodeOutline(outline), ...(short ? [await blobs.read(digest, 0, outline.size)] : [])];
    }
    if (request.index * chunkBytes >= Math.max(1, outline.size)) return undefined;
    return [await blobs.read(digest, request.index * chunkBytes, chunkBytes)];
  } catch (error) {
    if (isFedError(error, "BLOB_UNKNOWN", "BLOB_CORRUPT")) return undefined;
    throw error;
  }
}
