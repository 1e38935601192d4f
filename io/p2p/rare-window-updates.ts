// Yamux's library lets the sender know after each frame that as many bytes may follow: for small messages, a second
// frame with its own encryption and system call. Here it waits until it has more to say, as the protocol's implementations
// in Go and Rust do. They wait for half of the window; the library widens a window by how soon it is used up, and for that
// must be let say so more often where much is transferred.
import { yamux } from "@libp2p/yamux";
import { StreamState, type YamuxStream } from "@libp2p/yamux/stream";

/** An eighth of the smallest window: the sender never runs dry. */
const leastUpdate = 32 * 1024;

/** Yamux, as `yamux()` gives it, but no window updates of a few bytes. */
export function yamuxWithRareWindowUpdates(): ReturnType<typeof yamux> {
  const create = yamux();
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
    // Until a stream is established, the frame opens it; afterwards its only use is the window.
    if (stream.state === StreamState.Established && recvWindow - recvWindowCapacity < leastUpdate) return;
    update();
  };
  return stream;
}
