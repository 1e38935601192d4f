// Connection gater: admits only peer ids that the contract names, and strangers where this node serves auditors.
// Before the handshake no peer id is known: until then connections are limited by number and address.
import type { ConnectionGater, MultiaddrConnection } from "@libp2p/interface";
import { FedError } from "../../foundation/errors.ts";
import type { Membership } from "./membership.ts";
import { createPace } from "./pace.ts";
import type { PendingHandshakes } from "./pending-handshakes.ts";

/**
 * Bytes that a stranger may send, in all streams together: requests are small. What it may send at once bounds what it
 * can leave in buffers.
 */
const strangerBytesPerSecond = 128 * 1024;
const strangerBurstBytes = 256 * 1024;

export interface GaterOptions {
  readonly membership: Membership;
  readonly pending: PendingHandshakes;
  /** Admits strangers, who are then served objects and nothing else. */
  readonly openToAuditors: boolean;
}

export function gateConnections({ membership, pending, openToAuditors }: GaterOptions): ConnectionGater {
  const isStranger = (peer: { toString(): string }) => membership.memberOf(peer.toString()) === undefined;
  return {
    denyDialPeer: isStranger,
    // libp2p refuses private addresses on some platforms; hospitals' networks use them.
    denyDialMultiaddr: () => false,
    denyInboundConnection(connection) {
      pending.add(connection);
      return false;
    },
    denyInboundEncryptedConnection(peer, connection) {
      if (!isStranger(peer)) return false;
      if (openToAuditors) limitBytes(connection);
      return !openToAuditors;
    },
    denyInboundUpgradedConnection(_peer, connection) {
      pending.finished(connection);
      return false;
    },
    denyOutboundEncryptedConnection: isStranger,
    denyInboundRelayReservation: isStranger,
    denyOutboundRelayedConnection: (source, destination) => isStranger(source) || isStranger(destination),
    denyInboundRelayedConnection: (_relay, remote) => isStranger(remote),
  };
}

/** Closes a connection that receives more bytes than a stranger's requests need. */
function limitBytes(connection: MultiaddrConnection): void {
  const pace = createPace(strangerBytesPerSecond, { burst: strangerBurstBytes });
  connection.addEventListener("message", ({ data }) => {
    if (!pace.tryTurn(data.byteLength)) connection.abort(new FedError("PEER_OVER_QUOTA", { what: "bytes" }));
  });
}
