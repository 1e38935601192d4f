// What happens around each handshake. Handshakes cost more computing time than anything else that a stranger can ask
// for: those from unknown addresses are paced, and members' addresses need not wait. And the handshake is the only
// place where a peer shows up that has this node's own key: libp2p closes such a connection without a word.
import type { ConnectionEncrypter, MessageStream, PeerId } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { addressGroup, type KnownAddresses } from "./address-group.ts";
import { createPace } from "./pace.ts";

/** Of all unknown addresses together; about a fifth of one core. */
const unknownPerSecond = 100;

export interface HandshakeOptions {
  readonly known: KnownAddresses;
  /** Called with each peer that proved its key, this node's own key included. */
  readonly onPeer: (peer: PeerId, address: Multiaddr | undefined) => void;
}

/** The encrypter that `create` makes, watched and paced. */
export function watchHandshakes<Components>(
  create: (components: Components) => ConnectionEncrypter,
  { known, onPeer }: HandshakeOptions,
): (components: Components) => ConnectionEncrypter {
  const pace = createPace(unknownPerSecond);
  const addressOf = (connection: MessageStream) =>
    "remoteAddr" in connection ? (connection.remoteAddr as Multiaddr) : undefined;
  return (components) => {
    const encrypter = create(components);
    const { secureInbound, secureOutbound } = encrypter;
    return Object.assign(encrypter, {
      secureInbound: (async (connection, options) => {
        const address = addressOf(connection);
        const never = new AbortController().signal;
        if (address === undefined || !known.has(addressGroup(address))) await pace.turn(options?.signal ?? never);
        const secured = await secureInbound.call(encrypter, connection, options);
        onPeer(secured.remotePeer, address);
        return secured;
      }) as ConnectionEncrypter["secureInbound"],
      secureOutbound: (async (connection, options) => {
        const secured = await secureOutbound.call(encrypter, connection, options);
        onPeer(secured.remotePeer, addressOf(connection));
        return secured;
      }) as ConnectionEncrypter["secureOutbound"],
    });
  };
}
