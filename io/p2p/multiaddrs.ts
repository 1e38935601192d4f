// Which addresses this node can listen on and dial.
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { FedError } from "../../foundation/errors.ts";

/** Before and after a relay: TCP on an IP address or a name. */
const tcp = /^\/(?:ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/\d+/;
const peerId = "(?:/p2p/[^/]+)";
const direct = new RegExp(`${tcp.source}${peerId}?$`);
const relayed = new RegExp(`^(?:${tcp.source.slice(1)}${peerId})?/p2p-circuit${peerId}?$`);

const remedy =
  "write /ip4/192.0.2.1/tcp/4710/p2p/12D3KooW..., /dns4/name/tcp/4710/p2p/..., or for a member behind a relay " +
  "/dns4/relay/tcp/4710/p2p/RELAY/p2p-circuit/p2p/MEMBER; other transports (ws, wss, quic, webrtc) are not supported";

/** @throws MULTIADDR_MALFORMED, MULTIADDR_UNSUPPORTED */
export function parseMultiaddr(text: string): Multiaddr {
  let address: Multiaddr;
  try {
    address = multiaddr(text);
  } catch (cause) {
    throw new FedError("MULTIADDR_MALFORMED", { address: text.slice(0, 100) }, { cause, remedy });
  }
  const canonical = address.toString();
  if (direct.test(canonical) || relayed.test(canonical)) return address;
  throw new FedError("MULTIADDR_UNSUPPORTED", { address: text.slice(0, 100) }, { remedy });
}

/** Whether an address leads through a relay. */
export function isRelayed(address: Multiaddr): boolean {
  return address.getComponents().some(({ name }) => name === "p2p-circuit");
}
