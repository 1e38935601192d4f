// Streams whose window holds two chunks, and window updates every quarter of it, on a slow line every 32 KiB. The library
// begins with 256 KiB, sends an update after each frame it receives (for small messages a second frame with its own encryption
// and system call), and doubles the window where updates follow on each other within a few round trips: on a fast network
// both sides then wait for each other. Go and Rust wait for half of the window; a sender on a slow line takes an update for
// the only sign that its reader still reads. A frame is at most one message of noise: the reader has nothing of a frame until
// all of it has come, which on a slow line would look like silence.
import { yamux } from "@libp2p/yamux";
import type { YamuxStream } from "@libp2p/yamux/stream";

/** A message of noise without its tag, and without the frame's own header. */
const maxFrameBytes = 65_535 - 16 - 12;
/** The window of each stream from its beginning, announced by its first update. */
const windowBytes = 2 * 1024 * 1024;
/** The sender has three quarters of the window while the update is under way. */
const fastUpdateBytes = windowBytes / 4;
const slowUpdateBytes = 32 * 1024;
/** Time after an update from which the line counts as slow. */
const slowAfterMs = 100;

/** Yamux with large windows, and without window updates of a few bytes. */
export function yamuxWithRareWindowUpdates(init: Parameters<typeof yamux>[0] = {}): ReturnType<typeof yamux> {
  const create = yamux(init);
  return () => {
    const factory = create();
    const { createStreamMuxer } = factory;
    return Object.assign(factory, {
      createStreamMuxer(connection: Parameters<typeof createStreamMuxer>[0]) {
        const muxer = createStreamMuxer.call(factory, connection);
        const { onCreateStream, onRemoteStream } = muxer;
        return Object.assign(muxer, {
          onCreateStream: () => updatingRarely(onCreateStream.call(muxer)),
          onRemoteStream: (stream: YamuxStream) => onRemoteStream.call(muxer, updatingRarely(stream)),
        });
      },
    });
  };
}

/** The library's own fields that are read and set here. */
interface StreamWindow {
  /** Bytes that the other side may have under way. */
  recvWindow: number;
  /** Of these, bytes that it may still send. */
  readonly recvWindowCapacity: number;
  /** Of the newest update, ms. */
  readonly epochStart: number;
}

function updatingRarely(stream: YamuxStream): YamuxStream {
  let allowed = stream.maxMessageSize ?? maxFrameBytes;
  Object.defineProperty(stream, "maxMessageSize", {
    get: () => Math.min(allowed, maxFrameBytes),
    // The library sets it to what the window allows.
    set(bytes: number) {
      allowed = bytes;
    },
  });
  const update = stream.sendWindowUpdate.bind(stream);
  const window = stream as unknown as StreamWindow;
  window.recvWindow = Math.max(window.recvWindow, windowBytes);
  let isOpened = false;
  stream.sendWindowUpdate = () => {
    const minBytes = Date.now() - window.epochStart < slowAfterMs ? fastUpdateBytes : slowUpdateBytes;
    // The first window update also opens the stream.
    if (isOpened && window.recvWindow - window.recvWindowCapacity < minBytes) return;
    isOpened = true;
    update();
  };
  return stream;
}
