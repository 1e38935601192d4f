// A connected peer to fetch from. A slow line that keeps delivering is waited for; a peer that delivers nothing for some
// seconds, or hardly anything for half a minute, is given up.
import type { Connection } from "@libp2p/interface";
import { FedError } from "../../foundation/errors.ts";
import { joinSignals } from "../../foundation/joined-signal.ts";
import { createSlots } from "../../foundation/slots.ts";
import { type BlobRequest, blobProtocol } from "./blob-frames.ts";
import { type BlobLane, openLane } from "./blob-lane.ts";

export interface TimeLimits {
  /** Silence after which a peer counts as dead, over all its lanes, since they share one line. */
  readonly silenceMs: number;
  /** Lowest rate of a request that has run for `slowMs`. */
  readonly minBytesPerSecond: number;
  readonly slowMs: number;
}

const defaultTimeLimits: TimeLimits = { silenceMs: 8_000, minBytesPerSecond: 4_096, slowMs: 30_000 };

/** Requests to one peer at once, over all fetches; the serving side allows two more (blob-server.ts). */
const maxRequests = 4;

export interface BlobSource {
  readonly peerId: string;
  isOpen(): boolean;
  /** Share of recent requests that it could answer, 0 to 1: the peer with the highest one is asked first. */
  helpfulness(): number;
  /**
   * The answer; undefined where the peer does not have the object.
   * @throws BLOB_PEER_SILENT, BLOB_STREAM_CLOSED, BLOB_RESPONSE_MALFORMED, ABORTED
   */
  ask(request: BlobRequest, options: { signal: AbortSignal }): Promise<Uint8Array | undefined>;
}

export interface SourceOptions {
  readonly limits?: TimeLimits | undefined;
  /** Called for bytes that arrive. */
  readonly onReceived?: ((count: number) => void) | undefined;
}

/** Requests over one connection, shared by all fetches; each on a lane of its own, lanes reused. */
export function openSource(connection: Connection, options: SourceOptions = {}): BlobSource {
  const { limits = defaultTimeLimits, onReceived } = options;
  const peerId = connection.remotePeer.toString();
  const slots = createSlots(maxRequests);
  const idle: BlobLane[] = [];
  let lastArrival = 0;
  let received = 0;
  let helpfulness = 0;
  const onBytes = (count: number) => {
    lastArrival = performance.now();
    received += count;
    onReceived?.(count);
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
      const check = () => {
        const now = performance.now();
        const silence = now - Math.max(started, lastArrival);
        const rate = ((received - receivedBefore) / (now - started)) * 1000;
        const tooSlow = now - started > limits.slowMs && rate < limits.minBytesPerSecond;
        if (silence > limits.silenceMs || tooSlow) {
          silent.abort(new FedError("BLOB_PEER_SILENT", { peer: peerId, silenceMs: Math.round(silence) }));
        }
      };
      const timer = setInterval(check, Math.min(500, limits.silenceMs / 4));
      const joined = joinSignals(signal, silent.signal);
      try {
        const answer = await exchange(request, joined.signal);
        helpfulness = (7 * helpfulness + (answer === undefined ? 0 : 1)) / 8;
        return answer;
      } catch (error) {
        throw silent.signal.aborted ? silent.signal.reason : error;
      } finally {
        clearInterval(timer);
        joined.release();
        release();
      }
    },
  };
}
