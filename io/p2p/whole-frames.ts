// One write for each noise frame. The library writes length, ciphertext and tag separately: three system calls and, since
// libp2p sets TCP_NODELAY, three packets. One copy of at most 64 KiB is cheaper. Reading, the library makes an error, with
// its stack, at the end of each packet, where no further frame begins: that error is made once here.
import type { ConnectionEncrypter, MessageStream } from "@libp2p/interface";
import { noise } from "@libp2p/noise";

/** Noise with one write for each frame. */
export function noiseInWholeFrames(): (components: Parameters<ReturnType<typeof noise>>[0]) => ConnectionEncrypter {
  const create = noise();
  return (components) => {
    const encrypter = create(components);
    const { secureInbound, secureOutbound } = encrypter;
    return Object.assign(encrypter, {
      secureInbound: (async (connection, options) =>
        endingQuietly(
          await secureInbound.call(encrypter, inOnePiece(connection), options),
        )) as ConnectionEncrypter["secureInbound"],
      secureOutbound: (async (connection, options) =>
        endingQuietly(
          await secureOutbound.call(encrypter, inOnePiece(connection), options),
        )) as ConnectionEncrypter["secureOutbound"],
    });
  };
}

function inOnePiece(connection: MessageStream): MessageStream {
  const send = connection.send.bind(connection);
  connection.send = (data) => send(data.subarray());
  return connection;
}

/** What the library's decoder takes for "no whole length yet". */
const noLength = new RangeError("no length");

type LengthDecoder = (data: Parameters<MessageStream["send"]>[0]) => number;

function endingQuietly<Secured extends { readonly connection: MessageStream }>(secured: Secured): Secured {
  const { decoder } = secured.connection as { decoder?: { lengthDecoder?: LengthDecoder } };
  const decode = decoder?.lengthDecoder;
  if (decoder === undefined || decode === undefined) return secured;
  decoder.lengthDecoder = (data) => {
    if (data.byteLength < 2) throw noLength;
    return decode(data);
  };
  return secured;
}
