// Sends a yamux window update for every eighth of the window. The library sends one after each frame it receives: for small
// messages a second frame with its own encryption and system call. Go and Rust wait for half of the window; the library
// doubles the window where updates follow quickly on each other, and therefore needs them more often than that.
import { yamux } from "@libp2p/yamux";
import { StreamState, type YamuxStream } from "@libp2p/yamux/stream";

/** Part of the window that has arrived before an update: the sender's never runs out. */
const updateAt = 1 / 8;

/** Yamux without window updates of a few bytes. */
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

function updatingRarely(stream: YamuxStream): YamuxStream {
  const update = stream.sendWindowUpdate.bind(stream);
  stream.sendWindowUpdate = () => {
    const { recvWindow, recvWindowCapacity } = stream as unknown as Record<"recvWindow" | "recvWindowCapacity", number>;
    // The first window update also opens the stream.
    if (stream.state === StreamState.Established && recvWindow - recvWindowCapacity < updateAt * recvWindow) return;
    update();
  };
  return stream;
}
