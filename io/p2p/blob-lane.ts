// One stream to a peer, used for one request after the other. It buffers at most the answer that was asked for: a peer
// that sends more, or sends without a request, loses the stream.
import type { Stream } from "@libp2p/interface";
import { FedError } from "../../foundation/errors.ts";
import { type BlobRequest, decodeResponseHeader, encodeRequest, responseHeaderBytes } from "./blob-frames.ts";

export interface BlobLane {
  /** The answer's bytes; undefined where the peer does not have the object. One request at a time. */
  request(request: BlobRequest, options: { signal: AbortSignal }): Promise<Uint8Array | undefined>;
  isOpen(): boolean;
}

interface Pending {
  readonly kind: BlobRequest["kind"];
  readonly header: Uint8Array;
  headerFilled: number;
  body: Uint8Array | undefined;
  bodyFilled: number;
  known: boolean;
  resolve(body: Uint8Array | undefined): void;
  reject(error: unknown): void;
}

/** @param onBytes called whenever bytes arrive; time-outs depend on it */
export function openLane(stream: Stream, { onBytes }: { onBytes: (count: number) => void }): BlobLane {
  let pending: Pending | undefined;

  const fail = (error: FedError) => {
    stream.abort(error);
    pending?.reject(error);
    pending = undefined;
  };
  /** Takes the part of `bytes` that belongs to the pending answer. @returns how many bytes that was */
  const take = (bytes: Uint8Array): number => {
    if (pending === undefined) throw new FedError("BLOB_RESPONSE_MALFORMED", { withoutRequest: bytes.byteLength });
    if (pending.headerFilled < responseHeaderBytes) {
      const part = bytes.subarray(0, responseHeaderBytes - pending.headerFilled);
      pending.header.set(part, pending.headerFilled);
      pending.headerFilled += part.byteLength;
      if (pending.headerFilled < responseHeaderBytes) return part.byteLength;
      const { status, length } = decodeResponseHeader(pending.header, pending.kind);
      pending.known = status === "ok";
      pending.body = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer); // given out only once it is filled
      settleIfWhole(pending);
      return part.byteLength;
    }
    const body = pending.body as Uint8Array;
    const part = bytes.subarray(0, body.byteLength - pending.bodyFilled);
    body.set(part, pending.bodyFilled);
    pending.bodyFilled += part.byteLength;
    settleIfWhole(pending);
    return part.byteLength;
  };
  const settleIfWhole = (answer: Pending) => {
    if (answer.body === undefined || answer.bodyFilled < answer.body.byteLength) return;
    pending = undefined;
    answer.resolve(answer.known ? answer.body : undefined);
  };

  stream.addEventListener("message", ({ data }) => {
    onBytes(data.byteLength);
    try {
      for (const part of data instanceof Uint8Array ? [data] : data) {
        for (let used = 0; used < part.byteLength; ) used += take(part.subarray(used));
      }
    } catch (error) {
      fail(error as FedError);
    }
  });
  const onEnd = () => fail(new FedError("BLOB_STREAM_CLOSED"));
  stream.addEventListener("close", onEnd);
  stream.addEventListener("remoteCloseWrite", onEnd);

  return {
    request(request, { signal }) {
      return new Promise((resolve, reject) => {
        const abort = () => fail(new FedError("ABORTED", {}, { cause: signal.reason }));
        const settle = () => signal.removeEventListener("abort", abort);
        pending = {
          kind: request.kind,
          header: new Uint8Array(responseHeaderBytes),
          headerFilled: 0,
          body: undefined,
          bodyFilled: 0,
          known: false,
          resolve(body) {
            settle();
            resolve(body);
          },
          reject(error) {
            settle();
            reject(error);
          },
        };
        if (signal.aborted) return abort();
        signal.addEventListener("abort", abort);
        try {
          stream.send(encodeRequest(request));
        } catch (cause) {
          fail(new FedError("BLOB_STREAM_CLOSED", {}, { cause }));
        }
      });
    },
    isOpen: () => stream.status === "open",
  };
}
