// Writes to a stream and waits until the bytes are gone from memory. libp2p's own `onDrain` waits once only: after a
// stream's first pause it resolves at once, so that a peer that does not read would fill the memory.
import type { Stream } from "@libp2p/interface";
import { FedError } from "../../foundation/errors.ts";

/**
 * Bytes handed to the stream at a time; so many may be in memory beside what is written. With yamux's header they fill four
 * frames of noise: a byte more would be a frame of its own.
 */
export const sliceBytes = 4 * (65_535 - 16) - 12;

export interface WriteOptions {
  readonly signal: AbortSignal;
  /** Called whenever the reader has taken bytes. */
  readonly onProgress: () => void;
}

/** @throws BLOB_STREAM_CLOSED, or the signal's reason */
export async function writeWhole(stream: Stream, bytes: Uint8Array, options: WriteOptions): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength; offset += sliceBytes) {
    if (!stream.send(bytes.subarray(offset, offset + sliceBytes))) await drained(stream, options);
    options.onProgress();
  }
}

function drained(stream: Stream, { signal, onProgress }: WriteOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      stream.removeEventListener("drain", onDrain);
      stream.removeEventListener("close", onClose);
      signal.removeEventListener("abort", onAbort);
      end();
    };
    const onAbort = () => settle(() => reject(signal.reason));
    const onClose = () => settle(() => reject(new FedError("BLOB_STREAM_CLOSED")));
    const onDrain = () => {
      onProgress();
      // The stream sends what it has buffered in a microtask after this event.
      setImmediate(() => {
        if (stream.writeBufferLength === 0 && !stream.writableNeedsDrain) settle(resolve);
      });
    };
    if (signal.aborted) return reject(signal.reason);
    if (stream.status !== "open") return reject(new FedError("BLOB_STREAM_CLOSED"));
    signal.addEventListener("abort", onAbort, { once: true });
    stream.addEventListener("close", onClose, { once: true });
    stream.addEventListener("drain", onDrain);
  });
}
