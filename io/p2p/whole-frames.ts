// Noise hands the socket each frame in three pieces: its length, its ciphertext, its tag. Each piece would be a system
// call and, without delay as libp2p sets its sockets, a packet of its own; one copy of at most 64 KiB makes them one.
import type { ConnectionEncrypter, MessageStream } from "@libp2p/interface";
import { noise } from "@libp2p/noise";

/** Noise, as `noise()` gives it, but one write a frame. */
export function noiseInWholeFrames(): (components: Parameters<ReturnType<typeof noise>>[0]) => ConnectionEncrypter {
  const create = noise();
  return (components) => {
    const encrypter = create(components);
    const { secureInbound, secureOutbound } = encrypter;
    return Object.assign(encrypter, {
      secureInbound: ((connection, options) =>
        secureInbound.call(encrypter, inOnePiece(connection), options)) as ConnectionEncrypter["secureInbound"],
      secureOutbound: ((connection, options) =>
        secureOutbound.call(encrypter, inOnePiece(connection), options)) as ConnectionEncrypter["secureOutbound"],
    });
  };
}

function inOnePiece(connection: MessageStream): MessageStream {
  const send = connection.send.bind(connection);
  connection.send = (data) => send(data.subarray());
  return connection;
}
