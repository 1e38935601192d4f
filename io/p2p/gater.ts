// The door: only peer ids that the contract names get past the handshake. Before it nobody is known by name, so
// that half-open connections are limited by number instead (network.ts).
import type { ConnectionGater } from "@libp2p/interface";
import type { Membership } from "./membership.ts";

/** @param openToAuditors lets strangers in, who are then served objects and nothing else */
export function membersOnly(membership: Membership, { openToAuditors }: { openToAuditors: boolean }): ConnectionGater {
  const isStranger = (peer: { toString(): string }) => membership.memberOf(peer.toString()) === undefined;
  return {
    denyDialPeer: isStranger,
    // Private networks use private addresses: the default of some platforms, to refuse them, would be wrong here.
    denyDialMultiaddr: () => false,
    denyInboundEncryptedConnection: (peer) => !openToAuditors && isStranger(peer),
    denyOutboundEncryptedConnection: isStranger,
    denyInboundRelayReservation: isStranger,
    denyOutboundRelayedConnection: (source, destination) => isStranger(source) || isStranger(destination),
    denyInboundRelayedConnection: (_relay, remote) => isStranger(remote),
  };
}
