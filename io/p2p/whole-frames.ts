// One write for each noise frame. The library writes length, ciphertext and tag separately: three system calls and, since
// libp2p sets TCP_NODELAY, three packets. One copy of at most 64 KiB is cheaper.
import type { ConnectionEncrypter, MessageStream } from "@libp2p/interface";
import { noise } from "@libp2p/noise";

/** Noise with one write for each frame. */
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
