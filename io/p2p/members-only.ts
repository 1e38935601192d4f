// Protocols for members only: streams of strangers are reset before the protocol's handler sees them. libp2p's own
// stream middleware cannot do this: it adds the handler to the list of middleware again for each stream (libp2p 3.3).
import type { Connection, Stream, StreamHandler } from "@libp2p/interface";
import type { Registrar } from "@libp2p/interface-internal";
import { FedError } from "../../foundation/errors.ts";

export type IsMember = (peerId: string) => boolean;

/** The handler, called for members' streams only. */
export function forMembers(isMember: IsMember, handler: StreamHandler): StreamHandler {
  return (stream: Stream, connection: Connection) => {
    if (isMember(connection.remotePeer.toString())) return handler(stream, connection);
    stream.abort(new FedError("PEER_NOT_A_MEMBER"));
  };
}

/** The service or transport that `create` makes; all protocols that it registers are for members only. */
export function servingMembers<Components extends { readonly registrar?: Registrar }, Service>(
  isMember: IsMember,
  create: (components: Components) => Service,
): (components: Components) => Service {
  return (components) => {
    const registrar = components.registrar as Registrar;
    const guarded: Registrar = Object.assign(Object.create(registrar) as Registrar, {
      handle: (protocol: string, handler: StreamHandler, options?: Parameters<Registrar["handle"]>[2]) =>
        registrar.handle(protocol, forMembers(isMember, handler), options),
    });
    // libp2p's components are a proxy themselves, whose parts appear while the node is made.
    return create(
      new Proxy(components, { get: (target, name) => (name === "registrar" ? guarded : Reflect.get(target, name)) }),
    );
  };
}
