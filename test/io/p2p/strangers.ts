// Peers that follow none of our rules, for tests of the limits: bare libp2p nodes, and sockets that say nothing.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { gossipsub } from "@libp2p/gossipsub";
import { identify } from "@libp2p/identify";
import type { Connection, Stream } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { ping } from "@libp2p/ping";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { blobProtocol, encodeRequest } from "../../../io/p2p/blob-frames.ts";
import { createPeerKey, loadPeerKey } from "../../../io/p2p/identity.ts";
import type { Digest } from "../../../protocol/format/digest.ts";

/** A node that speaks the protocols but follows none of our rules. */
export async function rogueNode(key?: Uint8Array) {
  return createLibp2p({
    privateKey: await loadPeerKey(key ?? (await createPeerKey())),
    addresses: { listen: [] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      ping: ping(),
      gossip: gossipsub({ allowPublishToZeroTopicPeers: true, scoreParams: { IPColocationFactorWeight: 0 } }),
    },
  });
}

export type RogueNode = Awaited<ReturnType<typeof rogueNode>>;

/** Connects to a peer, over a new connection each time. */
export function dialFrom(node: RogueNode, address: string): Promise<Connection> {
  return node.dial(multiaddr(address), { force: true });
}

/** Asks for a chunk on as many streams as a peer may have, and reads none of the answers. */
export async function askWithoutReading(connection: Connection, digest: Digest, streams = 6): Promise<Stream[]> {
  const opened: Stream[] = [];
  for (let count = 0; count < streams; count++) {
    const stream = await connection.newStream(blobProtocol);
    stream.pause();
    stream.send(encodeRequest({ kind: "chunk", digest, index: 0 }));
    opened.push(stream);
  }
  return opened;
}

export interface SilentSockets {
  open(): number;
  close(): void;
}

/** TCP connections that send nothing; each that is closed is opened again, until `close`. */
export async function silentSockets(address: string, count: number, localAddress?: string): Promise<SilentSockets> {
  const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1]);
  const sockets = new Set<Socket>();
  let closing = false;
  const openOne = async (): Promise<void> => {
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      if (!closing) setImmediate(openOne);
    });
    await once(socket, "connect").catch(() => {});
  };
  await Promise.all(Array.from({ length: count }, openOne));
  return {
    open: () => sockets.size,
    close() {
      closing = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}
