// One party on the network: encrypted connections between members only, announcements by gossip, objects by pull.
// Wires the parts of this folder and owns their lifetime.
import { circuitRelayServer, circuitRelayTransport } from "@libp2p/circuit-relay-v2";
import type { GossipSub } from "@libp2p/gossipsub";
import { identify } from "@libp2p/identify";
import { FaultTolerance, type Libp2p } from "@libp2p/interface";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { createLibp2p } from "libp2p";
import { FedError } from "../../foundation/errors.ts";
import { deriveSeed } from "../../foundation/random.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import type { BlobExchange, BlobStore, Gossip, Log } from "../../protocol/ports.ts";
import { openExchange } from "./blob-exchange.ts";
import { serveBlobs } from "./blob-server.ts";
import type { Patience } from "./blob-source.ts";
import { keepDialled, parseMultiaddr } from "./dialler.ts";
import { membersOnly } from "./gater.ts";
import { announcementService, openGossip } from "./gossip.ts";
import { loadPeerKey } from "./identity.ts";
import type { Membership } from "./membership.ts";
import { yamuxWithRareWindowUpdates } from "./rare-window-updates.ts";
import { noiseInWholeFrames } from "./whole-frames.ts";

export interface PeerNetworkOptions {
  /** Ed25519 secret key, 32 bytes (identity.ts). */
  readonly identity: Uint8Array;
  /** Multiaddrs to listen on; `/p2p-circuit` asks any connected relay for a place behind it. */
  readonly listen: readonly string[];
  /** Multiaddrs, with /p2p/ ids, to dial and keep dialled. */
  readonly peers: readonly string[];
  readonly federation: FederationId;
  readonly membership: Membership;
  readonly blobs: BlobStore;
  readonly log: Log;
  /** Stops the network, as `stop` does. */
  readonly signal?: AbortSignal;
  /** Serves as a relay for members behind NAT. Default false: it carries others' traffic. */
  readonly relay?: boolean;
  /** Lets anyone fetch objects, for auditors who are no members. Default false. */
  readonly serveAuditors?: boolean;
  /** When to give up on a silent peer; the default suits lines from 5 kB/s up. */
  readonly patience?: Patience;
  /** Objects on their way to whoever has the same store. */
  readonly fetching?: Map<Digest, Promise<void>>;
}

export interface ConnectedPeer {
  readonly peerId: string;
  /** Undefined for an auditor. */
  readonly member: HospitalAddress | undefined;
  readonly direction: "inbound" | "outbound";
  /** Gossip's opinion of the peer: below -80 it is not listened to. */
  readonly score: number;
}

export interface PeerNetwork {
  readonly peerId: string;
  /** Where others reach this node, with its /p2p/ id. */
  addresses(): readonly string[];
  readonly gossip: Gossip;
  readonly exchange: BlobExchange;
  connectedMembers(): readonly HospitalAddress[];
  /** Everyone connected, for a person who looks at a node. */
  connections(): readonly ConnectedPeer[];
  /** Ends fetches (they reject with ABORTED), finishes answers in flight, closes. Idempotent. */
  stop(): Promise<void>;
}

/** @throws FedError PEER_KEY_MALFORMED, MULTIADDR_MALFORMED, PEER_LISTEN_FAILED */
export async function openPeerNetwork(options: PeerNetworkOptions): Promise<PeerNetwork> {
  const { federation, membership, blobs, log } = options;
  for (const address of [...options.listen, ...options.peers]) parseMultiaddr(address);
  const stopping = new AbortController();
  const { signal } = stopping;
  const network = await createNode(options);
  const memberOf = (peerId: string) => membership.memberOf(peerId);

  const served = await serveBlobs(network, {
    blobs,
    standing: (peer) => (memberOf(peer) !== undefined ? "member" : options.serveAuditors ? "stranger" : undefined),
    log: log.child("blobs"),
    signal,
  });
  await startNode(network, options);
  const service = network.services["gossip"] as GossipSub & { getScore(peer: string): number };
  const gossip = openGossip(service, {
    federation,
    membership,
    log: log.child("gossip"),
  });
  const exchange = openExchange(network, {
    blobs,
    memberOf,
    log: log.child("blobs"),
    signal,
    patience: options.patience,
    ...(options.fetching === undefined ? {} : { fetching: options.fetching }),
  });
  const peerId = network.peerId.toString();
  const seed = deriveSeed(0, "peer", peerId);
  const dialler = keepDialled(network, { peers: options.peers, seed, log: log.child("dial"), signal });

  const unsubscribe = membership.onChange(() => {
    for (const connection of network.getConnections()) {
      const peer = connection.remotePeer.toString();
      if (memberOf(peer) !== undefined || (options.serveAuditors && connection.direction === "inbound")) continue;
      log.info("peer-disconnected", { peer, reason: "not a member" });
      connection.abort(new FedError("PEER_NOT_A_MEMBER"));
    }
    dialler.hurry();
  });

  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      unsubscribe();
      stopping.abort(new FedError("ABORTED"));
      await Promise.all([exchange.idle(), served(), dialler.ended()]);
      await network.stop();
    })();
    return stopped;
  };
  options.signal?.addEventListener("abort", stop, { once: true });
  if (options.signal?.aborted) await stop();
  log.info("network-started", { peerId, addresses: network.getMultiaddrs().join(" ") });

  return {
    peerId,
    addresses: () => network.getMultiaddrs().map(String),
    gossip,
    exchange: { fetch: (digest, limits) => exchange.fetch(digest, limits) },
    connectedMembers() {
      const peers = network.getConnections().map(({ remotePeer }) => memberOf(remotePeer.toString()));
      return [...new Set(peers.filter((member) => member !== undefined))];
    },
    connections: () =>
      network.getConnections().map(({ remotePeer, direction }) => {
        const peer = remotePeer.toString();
        return { peerId: peer, member: memberOf(peer), direction, score: service.getScore(peer) };
      }),
    stop,
  };
}

async function createNode(options: PeerNetworkOptions): Promise<Libp2p> {
  const { identity, listen, federation, membership, relay = false, serveAuditors = false } = options;
  return createLibp2p({
    start: false,
    nodeInfo: { userAgent: "consilium" },
    privateKey: await loadPeerKey(identity),
    addresses: { listen: [...listen] },
    transports: [tcp({ backlog: 256 }), circuitRelayTransport()],
    // A relay that is not up yet must not keep a node from starting; addresses of its own are checked in startNode.
    transportManager: { faultTolerance: FaultTolerance.NO_FATAL },
    connectionEncrypters: [noiseInWholeFrames()],
    streamMuxers: [yamuxWithRareWindowUpdates()],
    connectionGater: membersOnly(membership, { openToAuditors: serveAuditors }),
    connectionManager: {
      maxConnections: 300,
      maxParallelDials: 50,
      dialTimeout: 10_000,
      // The dialler reconnects, with its own back-off.
      reconnectRetries: 0,
      // Half-open connections; many members may share one address.
      inboundConnectionThreshold: 100,
      maxIncomingPendingConnections: 100,
    },
    // On a slow line a ping waits behind a megabyte of blob: half a minute of silence, and not less, means gone.
    connectionMonitor: { pingInterval: 15_000, pingTimeout: { minTimeout: 30_000, maxTimeout: 60_000 } },
    services: {
      identify: identify({ runOnLimitedConnection: true }),
      ping: ping(),
      gossip: announcementService(federation),
      ...(relay
        ? { relay: circuitRelayServer({ reservations: { applyDefaultLimit: false, maxReservations: 256 } }) }
        : {}),
    },
  });
}

async function startNode(network: Libp2p, { listen }: PeerNetworkOptions): Promise<void> {
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
