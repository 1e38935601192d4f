// Tries each address of a list once, as a node would dial it, and says what it found: for a check before a node is run.
import type { Connection, Libp2p } from "@libp2p/interface";
import type { Ping } from "@libp2p/ping";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { FederationId } from "../../protocol/format/federation-id.ts";
import { rememberAddresses } from "./address-group.ts";
import { dialFailure } from "./dial-failure.ts";
import { gateConnections } from "./gater.ts";
import { loadPeerKey } from "./identity.ts";
import { createNode, type NodeServices, startNode } from "./libp2p-node.ts";
import type { Membership } from "./membership.ts";
import { parseMultiaddr } from "./multiaddrs.ts";
import { limitPendingHandshakes } from "./pending-handshakes.ts";

const dialTimeoutMs = 10_000;
const pingTimeoutMs = 5_000;

export interface ProbeOptions {
  /** Ed25519 secret key of this party, 32 bytes: members admit no other. */
  readonly identity: Uint8Array;
  readonly listen: readonly string[];
  readonly announce: readonly string[];
  /** Multiaddrs with /p2p/ ids. */
  readonly peers: readonly string[];
  readonly federation: FederationId;
  readonly membership: Membership;
  readonly signal?: AbortSignal | undefined;
}

/** What was found at one address. */
export type ProbedPeer = { readonly address: string } & (
  | {
      readonly reached: true;
      readonly relayed: boolean;
      /** Of one ping, milliseconds. */
      readonly roundTripMs: number;
      /** This node's own address as the peer sees it; undefined where the peer does not say. */
      readonly seenAs?: string | undefined;
    }
  | { readonly reached: false; readonly reason: string }
);

/**
 * Listens, dials every address, and stops again.
 * @returns the peers, in the order given
 * @throws PEER_KEY_MALFORMED, MULTIADDR_MALFORMED, MULTIADDR_UNSUPPORTED, PEER_LISTEN_FAILED
 */
export async function probePeers(options: ProbeOptions): Promise<readonly ProbedPeer[]> {
  const { listen, announce, peers, federation, membership, signal } = options;
  const addresses = peers.map(parseMultiaddr);
  const known = rememberAddresses();
  const network = await createNode({
    key: await loadPeerKey(options.identity),
    listen,
    announce,
    federation,
    relay: false,
    isMember: (peer) => membership.memberOf(peer) !== undefined,
    gater: gateConnections({ membership, pending: limitPendingHandshakes(known), openToAuditors: false }),
    handshakes: { known, onPeer() {} },
  });
  await startNode(network, listen);
  try {
    const limit = (ms: number) => AbortSignal.any([AbortSignal.timeout(ms), ...(signal ? [signal] : [])]);
    const probe = async (address: Multiaddr): Promise<ProbedPeer> => {
      const name = address.toString();
      let connection: Connection | undefined;
      try {
        connection = await network.dial(address, { signal: limit(dialTimeoutMs) });
        const roundTripMs = await ping(network, connection, limit(pingTimeoutMs));
        const seenAs = await observed(network, connection, limit(pingTimeoutMs));
        const relayed = connection.remoteAddr.toString().includes("/p2p-circuit");
        return { address: name, reached: true, relayed, roundTripMs, seenAs };
      } catch (error) {
        signal?.throwIfAborted();
        return { address: name, reached: false, reason: dialFailure(error) };
      } finally {
        await connection?.close().catch(() => undefined);
      }
    };
    // libp2p answers a dial with the connection to the same peer that another address gave: these take turns.
    const turns = new Map<string | undefined, Promise<unknown>>();
    const inTurn = (address: Multiaddr): Promise<ProbedPeer> => {
      const peer = address.getComponents().findLast(({ name }) => name === "p2p")?.value;
      const turn = (turns.get(peer) ?? Promise.resolve()).then(() => probe(address));
      turns.set(
        peer,
        turn.catch(() => undefined),
      );
      return turn;
    };
    return await Promise.all(addresses.map(inTurn));
  } finally {
    await network.stop();
  }
}

/** A member that does not know this node closes the connection, and this fails. */
function ping(network: Libp2p<NodeServices>, { remotePeer }: Connection, signal: AbortSignal): Promise<number> {
  return (network.services["ping"] as Ping).ping(remotePeer, { signal });
}

async function observed(
  network: Libp2p<NodeServices>,
  connection: Connection,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { observedAddr } = await network.services.identify.identify(connection, { signal });
  return observedAddr?.toString();
}
