// One party on the network: encrypted connections to members, announcements by gossip, objects by pull. Strangers are
// served objects where the operator allows it, and nothing else. Wires the parts of this folder and owns their lifetime.
import type { Libp2p } from "@libp2p/interface";
import { FedError } from "../../foundation/errors.ts";
import { joinSignals } from "../../foundation/joined-signal.ts";
import { deriveSeed } from "../../foundation/random.ts";
import type { Digest, HospitalAddress } from "../../protocol/format/digest.ts";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import type { BlobExchange, BlobStore, Gossip, Log, Signatures, SignedWrites } from "../../protocol/ports.ts";
import { openAddressBook } from "./address-book.ts";
import { exchangeAddresses } from "./address-exchange.ts";
import { rememberAddresses } from "./address-group.ts";
import { openExchange } from "./blob-exchange.ts";
import { serveBlobs } from "./blob-server.ts";
import type { TimeLimits } from "./blob-source.ts";
import { limitConnections, type Standing } from "./connection-quota.ts";
import { keepDialled } from "./dialler.ts";
import { gateConnections } from "./gater.ts";
import { openGossip } from "./gossip.ts";
import { loadPeerKey } from "./identity.ts";
import { createNode, type NodeServices, startNode } from "./libp2p-node.ts";
import type { Membership } from "./membership.ts";
import { parseMultiaddr } from "./multiaddrs.ts";
import { type OwnRecord, ownAddressRecord } from "./own-record.ts";
import { limitPendingHandshakes } from "./pending-handshakes.ts";
import { openSignedWrites } from "./signed-writes.ts";

export interface PeerNetworkOptions {
  /** Ed25519 secret key, 32 bytes (identity.ts). */
  readonly identity: Uint8Array;
  /** Multiaddrs to listen on; `/p2p-circuit` asks any connected relay for a reservation. */
  readonly listen: readonly string[];
  /** Multiaddrs, with /p2p/ ids, to dial and keep dialled. */
  readonly peers: readonly string[];
  /** Multiaddrs under which others reach this node, where they differ from `listen`: a name, a forwarded port. */
  readonly announce?: readonly string[];
  /** File that keeps members' addresses over restarts; without one they are kept in memory only. */
  readonly addressFile?: string;
  readonly federation: FederationId;
  readonly membership: Membership;
  readonly blobs: BlobStore;
  /** Checks the signatures of signed writes. */
  readonly signatures: Pick<Signatures, "recover">;
  readonly log: Log;
  /** Stops the network, as `stop` does. */
  readonly signal?: AbortSignal;
  /** Serves as a relay for members behind NAT. Default false: it carries others' traffic. */
  readonly relay?: boolean;
  /** Lets anyone fetch objects, for auditors who are no members. Default false. */
  readonly serveAuditors?: boolean;
  /** Limit for the objects that this node serves, all peers together; default: the line's. */
  readonly uploadBytesPerSecond?: number | undefined;
  /** When a silent peer is given up; the default suits lines from 5 kB/s up. */
  readonly timeLimits?: TimeLimits;
  /** Objects that parties with the same store are fetching. */
  readonly fetching?: Map<Digest, Promise<void>>;
}

export interface ConnectedPeer {
  readonly peerId: string;
  /** Undefined for a stranger. */
  readonly member: HospitalAddress | undefined;
  readonly direction: "inbound" | "outbound";
  /** False through a relay. */
  readonly isDirect: boolean;
  /** Gossip score: below -80 the peer's messages are dropped. */
  readonly score: number;
}

/** Bytes of objects since this node's start. */
export interface Traffic {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

export interface PeerNetwork {
  readonly peerId: string;
  /** Where others reach this node, with its /p2p/ id. */
  addresses(): readonly string[];
  readonly gossip: Gossip;
  readonly signedWrites: SignedWrites;
  readonly exchange: BlobExchange;
  /** Whether a member says that it has a whole object; connects to it if its address is known. False where it cannot be asked. */
  holds(member: HospitalAddress, digest: Digest, signal: AbortSignal): Promise<boolean>;
  connectedMembers(): readonly HospitalAddress[];
  /** All connections, for display. */
  connections(): readonly ConnectedPeer[];
  traffic(): Traffic;
  /** Peer ids that this node holds any state about: itself, members, and strangers while they are connected. */
  rememberedPeers(): Promise<readonly string[]>;
  /** Ends fetches (they reject with ABORTED), finishes answers in flight, closes. Idempotent. */
  stop(): Promise<void>;
}

/** For a connection that one question needs, milliseconds. */
const connectMs = 10_000;

/** @throws PEER_KEY_MALFORMED, MULTIADDR_MALFORMED, MULTIADDR_UNSUPPORTED, PEER_LISTEN_FAILED */
export async function openPeerNetwork(options: PeerNetworkOptions): Promise<PeerNetwork> {
  const { federation, membership, blobs, log, listen, peers, announce = [] } = options;
  for (const address of [...listen, ...peers, ...announce]) parseMultiaddr(address);
  const stopping = new AbortController();
  const { signal } = stopping;
  const memberOf = (peerId: string) => membership.memberOf(peerId);
  const isMember = (peerId: string) => memberOf(peerId) !== undefined;
  const standing = (peerId: string): Standing => {
    if (isMember(peerId)) return "member";
    return options.serveAuditors ? "stranger" : undefined;
  };

  const key = await loadPeerKey(options.identity);
  const known = rememberAddresses();
  const pending = limitPendingHandshakes(known);
  let own: OwnRecord | undefined;
  const network = await createNode({
    key,
    listen,
    announce,
    federation,
    relay: options.relay ?? false,
    isMember,
    gater: gateConnections({ membership, pending, openToAuditors: options.serveAuditors ?? false }),
    handshakes: {
      known,
      onPeer(peer, address) {
        if (peer.equals(network.peerId)) own?.met(address?.toString() ?? "unknown");
      },
    },
  });
  own = ownAddressRecord(network, key, log);
  const quota = limitConnections(network, { standing, known, log });
  identifyMembersOnly(network, isMember);

  const book = await openAddressBook({
    membership,
    self: network.peerId.toString(),
    onOwn: own.returned,
    file: options.addressFile,
    log: log.child("addresses"),
  });
  const { current } = own;
  let meetLearnt = () => {};
  const exchanged = await exchangeAddresses(network, {
    book,
    isMember,
    ownRecord: current,
    onLearnt: () => meetLearnt(),
    log: log.child("addresses"),
    signal,
  });
  const traffic = { sentBytes: 0, receivedBytes: 0 };
  const served = await serveBlobs(network, {
    blobs,
    onSent(count) {
      traffic.sentBytes += count;
    },
    standing,
    onRequest: quota.used,
    uploadBytesPerSecond: options.uploadBytesPerSecond,
    log: log.child("blobs"),
    signal,
  });
  await startNode(network, listen);
  const service = network.services.gossip as NodeServices["gossip"] & { getScore(peer: string): number };
  const gossip = openGossip(service, { federation, membership, log: log.child("gossip") });
  const { signatures } = options;
  const signedWrites = openSignedWrites(service, { federation, membership, signatures, log: log.child("gossip") });
  const exchange = openExchange(network, {
    blobs,
    memberOf,
    log: log.child("blobs"),
    signal,
    timeLimits: options.timeLimits,
    fetching: options.fetching,
    onReceived(count) {
      traffic.receivedBytes += count;
    },
    async connect(member, either) {
      const peer = book.peers().find((each) => memberOf(each) === member);
      if (peer === undefined) return undefined;
      const limit = joinSignals(either, AbortSignal.timeout(connectMs));
      return network.dial([...book.addressesOf(peer)], { signal: limit.signal }).finally(limit.release);
    },
  });
  const peerId = network.peerId.toString();
  const seed = deriveSeed(0, "peer", peerId);
  const dialler = keepDialled(network, { peers, book, isMember, seed, log: log.child("dial"), signal });
  meetLearnt = dialler.meetLearnt;

  const unsubscribe = membership.onChange(() => {
    quota.review();
    dialler.retryNow();
  });

  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      unsubscribe();
      stopping.abort(new FedError("ABORTED"));
      await Promise.all([exchange.idle(), served(), exchanged(), dialler.ended()]);
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
    signedWrites,
    exchange: { fetch: (digest, limits) => exchange.fetch(digest, limits) },
    holds: exchange.holds,
    connectedMembers() {
      const connected = network.getConnections().map(({ remotePeer }) => memberOf(remotePeer.toString()));
      return [...new Set(connected.filter((member) => member !== undefined))];
    },
    connections: () =>
      network.getConnections().map(({ remotePeer, direction, direct: isDirect }) => {
        const peer = remotePeer.toString();
        return { peerId: peer, member: memberOf(peer), direction, isDirect, score: service.getScore(peer) };
      }),
    traffic: () => ({ ...traffic }),
    rememberedPeers: async () => (await network.peerStore.all()).map(({ id }) => id.toString()),
    stop,
  };
}

/** Members are asked for their protocols, which starts gossip with them; what libp2p stored of a stranger is deleted. */
function identifyMembersOnly(network: Libp2p<NodeServices>, isMember: (peerId: string) => boolean): void {
  network.addEventListener("connection:open", ({ detail: connection }) => {
    // A connection that breaks meanwhile needs no identification.
    if (isMember(connection.remotePeer.toString())) network.services.identify.identify(connection).catch(() => {});
  });
  network.addEventListener("peer:disconnect", ({ detail: peer }) => {
    if (!isMember(peer.toString())) network.peerStore.delete(peer).catch(() => {});
  });
}
