// Yamux's library lets the sender know after each frame that as many bytes may follow: for small messages, a second
// frame with its own encryption and system call. Here it waits until half of the window is used, as the protocol's
// implementations in Go and Rust do; the sender still never runs dry.
import { yamux } from "@libp2p/yamux";
import { StreamState, type YamuxStream } from "@libp2p/yamux/stream";

/** Yamux, as `yamux()` gives it, but one window update a half window. */
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
    if (stream.state === StreamState.Established && recvWindowCapacity > recvWindow / 2) return;
    update();
  };
  return stream;
}
