// A connected peer as a place to fetch from. Time-outs follow signs of life: a slow line that keeps delivering is let
// be, one that delivers nothing for some seconds is given up, and so is one that only drips.
import type { Connection } from "@libp2p/interface";
import { FedError } from "../../foundation/errors.ts";
import { createSlots } from "../../foundation/slots.ts";
import { type BlobRequest, blobProtocol } from "./blob-frames.ts";
import { type BlobLane, openLane } from "./blob-lane.ts";

export interface Patience {
  /** Silence after which a peer counts as dead. Counted over all its lanes, since they share one line. */
  readonly silenceMs: number;
  /** Below so many bytes a second, over `dripMs`, a peer is only pretending. */
  readonly minBytesPerSecond: number;
  readonly dripMs: number;
}

export const defaultPatience: Patience = { silenceMs: 8_000, minBytesPerSecond: 4_096, dripMs: 30_000 };

/** Requests to one peer at once, over all fetches; the serving side allows two more (blob-server.ts). */
const requestsTogether = 4;

export interface BlobSource {
  readonly peerId: string;
  isOpen(): boolean;
  /** How often it had lately what it was asked for: who has had most is asked first. */
  helpfulness(): number;
  /**
   * Undefined where the peer does not have it.
   * @throws FedError BLOB_PEER_SILENT, BLOB_STREAM_CLOSED, BLOB_RESPONSE_MALFORMED, ABORTED
   */
  ask(request: BlobRequest, options: { signal: AbortSignal }): Promise<Uint8Array | undefined>;
}

/** Requests over one connection, shared by all fetches: each on its own stream, streams reused. */
export function openSource(connection: Connection, patience: Patience = defaultPatience): BlobSource {
  const peerId = connection.remotePeer.toString();
  const slots = createSlots(requestsTogether);
  const idle: BlobLane[] = [];
  let lastArrival = 0;
  let received = 0;
  let helpfulness = 0;
  const onBytes = (count: number) => {
    lastArrival = performance.now();
    received += count;
  };

  const borrow = async (signal: AbortSignal): Promise<BlobLane> => {
    for (let lane = idle.pop(); lane; lane = idle.pop()) if (lane.isOpen()) return lane;
    try {
      const stream = await connection.newStream(blobProtocol, { signal, runOnLimitedConnection: true });
      return openLane(stream, { onBytes });
    } catch (cause) {
      throw new FedError("BLOB_STREAM_CLOSED", { peer: peerId }, { cause });
    }
  };
  const exchange = async (request: BlobRequest, signal: AbortSignal): Promise<Uint8Array | undefined> => {
    const lane = await borrow(signal);
    const body = await lane.request(request, { signal });
    idle.push(lane);
    return body;
  };

  return {
    peerId,
    isOpen: () => connection.status === "open",
    helpfulness: () => helpfulness,
    async ask(request, { signal }) {
      const release = await slots.take(signal);
      const silent = new AbortController();
      const started = performance.now();
      const receivedBefore = received;
      const look = () => {
        const now = performance.now();
        const silence = now - Math.max(started, lastArrival);
        const rate = ((received - receivedBefore) / (now - started)) * 1000;
        const drips = now - started > patience.dripMs && rate < patience.minBytesPerSecond;
        if (silence > patience.silenceMs || drips) {
          silent.abort(new FedError("BLOB_PEER_SILENT", { peer: peerId, silenceMs: Math.round(silence) }));
        }
      };
      const timer = setInterval(look, Math.min(500, patience.silenceMs / 4));
      try {
        const answer = await exchange(request, AbortSignal.any([signal, silent.signal]));
        helpfulness = (7 * helpfulness + (answer === undefined ? 0 : 1)) / 8;
        return answer;
      } catch (error) {
        throw silent.signal.aborted ? silent.signal.reason : error;
      } finally {
        clearInterval(timer);
        release();
      }
    },
  };
}
