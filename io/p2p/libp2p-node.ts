// The libp2p node of a party: its transports, and the limits that libp2p itself holds. Limits that depend on whether
// a peer is a member are held by this folder's other files.
import { circuitRelayServer, circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import type { GossipSub } from "@libp2p/gossipsub";
import { type Identify, identify } from "@libp2p/identify";
import { type ConnectionGater, type Ed25519PrivateKey, FaultTolerance, type Libp2p } from "@libp2p/interface";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { createLibp2p } from "libp2p";
import { FedError } from "../../foundation/errors.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import { announceAll } from "./announced-addresses.ts";
import { announcementService } from "./gossip.ts";
import { type HandshakeOptions, watchHandshakes } from "./handshakes.ts";
import { libraryLog } from "./library-log.ts";
import { type IsMember, servingMembers } from "./members-only.ts";
import { yamuxWithRareWindowUpdates } from "./rare-window-updates.ts";
import { noiseInWholeFrames } from "./whole-frames.ts";

export interface NodeOptions {
  readonly key: Ed25519PrivateKey;
  readonly listen: readonly string[];
  readonly announce: readonly string[];
  readonly federation: FederationId;
  readonly relay: boolean;
  /** Only members get gossip and relaying. */
  readonly isMember: IsMember;
  readonly gater: ConnectionGater;
  readonly handshakes: HandshakeOptions;
}

export interface NodeServices extends Record<string, unknown> {
  readonly identify: Identify;
  readonly gossip: GossipSub;
}

/** A node that is not started yet. */
export async function createNode(options: NodeOptions): Promise<Libp2p<NodeServices>> {
  const { key, listen, announce, federation, relay, isMember, gater, handshakes } = options;
  const reservations = { applyDefaultLimit: false, maxReservations: 256 };
  return createLibp2p({
    start: false,
    nodeInfo: { userAgent: "consilium" },
    privateKey: key,
    ...libraryLog(),
    addresses: { listen: [...listen], appendAnnounce: [...announce] },
    transports: [tcp({ backlog: 512 }), servingMembers(isMember, circuitRelayTransport())],
    // A relay that is not up yet must not keep a node from starting; startNode checks the node's own addresses.
    transportManager: { faultTolerance: FaultTolerance.NO_FATAL },
    connectionEncrypters: [watchHandshakes(noiseInWholeFrames(), handshakes)],
    // A relay's connection to a member behind it carries a stream for each member that is connected through it.
    streamMuxers: [yamuxWithRareWindowUpdates({ maxInboundStreams: relay ? 512 : 64, maxEarlyStreams: 8 })],
    connectionGater: gater,
    connectionManager: {
      // Never reached: connection-quota.ts holds the limits, and gives members their own.
      maxConnections: 8192,
      maxParallelDials: 50,
      dialTimeout: 10_000,
      // The dialler reconnects, with its own back-off.
      reconnectRetries: 0,
      // New connections of one address each second; many members may share one.
      inboundConnectionThreshold: 100,
      // pending-handshakes.ts makes room for new connections instead of refusing them.
      maxIncomingPendingConnections: Number.POSITIVE_INFINITY,
      // A handshake takes three round trips. On a line that a transfer fills, each may take a second.
      inboundUpgradeTimeout: 5_000,
      inboundStreamProtocolNegotiationTimeout: 5_000,
    },
    // On a slow line a ping waits behind a megabyte of blob: half a minute of silence, and not less, means gone.
    connectionMonitor: { pingInterval: 15_000, pingTimeout: { minTimeout: 30_000, maxTimeout: 60_000 } },
    services: {
      // Members only: what strangers say of themselves would fill the peer store.
      identify: identify({ runOnLimitedConnection: true, runOnConnectionOpen: false }),
      ping: ping(),
      addresses: announceAll(),
      gossip: servingMembers(isMember, announcementService(federation)),
      ...(relay ? { relay: servingMembers(isMember, circuitRelayServer({ reservations })) } : {}),
    },
  }) as unknown as Promise<Libp2p<NodeServices>>;
}

/** @throws PEER_LISTEN_FAILED where it can listen on none of its own addresses */
export async function startNode(network: Libp2p, listen: readonly string[]): Promise<void> {
  await network.start();
  const own = listen.filter((address) => !address.includes("/p2p-circuit"));
  const bound = network.getMultiaddrs().filter((address) => !address.toString().includes("/p2p-circuit"));
  if (own.length === 0 || bound.length > 0) return;
  await network.stop();
  throw new FedError(
    "PEER_LISTEN_FAILED",
    { addresses: own.join(" ") },
    { remedy: "the port is in use or not allowed: choose another one, or port 0 for any free one" },
  );
}
