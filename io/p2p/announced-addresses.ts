// Announces every address that this node listens on. libp2p keeps public ones back, and those through a relay with a public
// address, until peers have dialled them back for a check (autonat). Here each member signs its addresses and others dial them, one
// after the other: an address that nobody reaches costs an attempt, while one that is kept back leaves a member alone.
import type { Libp2pEvents, Listener, TypedEventTarget } from "@libp2p/interface";
import type { AddressManager } from "@libp2p/interface-internal";

/** A service of libp2p that does this from the start. */
export function announceAll(): (components: {
  readonly events: TypedEventTarget<Libp2pEvents>;
  readonly addressManager: AddressManager;
}) => object {
  return ({ events, addressManager }) => {
    events.addEventListener("transport:listening", ({ detail }: CustomEvent<Listener>) => {
      for (const address of detail.getAddrs()) addressManager.confirmObservedAddr(address, { type: "transport" });
    });
    return {};
  };
}
