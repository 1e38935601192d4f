// The crowd of the hostile-peers benchmark: attacks the address that members.ts printed, prints what it has opened, and
// ends with its standard input.
import { connect } from "node:net";
import type { Connection } from "@libp2p/interface";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { blobProtocol, encodeRequest } from "../../io/p2p/blob-frames.ts";
import { createPeerKey, loadPeerKey } from "../../io/p2p/identity.ts";
import { parseDigest } from "../../protocol/format/digest.ts";

const strangers = 300;
const halfOpen = 400;
const lanes = 6;
/** Between two requests of a stranger, and between two attempts of a refused one. */
const everyMs = 1000;

const target = JSON.parse(process.argv[2] ?? "") as { address: string; keys: string[]; object: string };
const request = encodeRequest({ kind: "chunk", digest: parseDigest(target.object), index: 0 });
const port = Number(/\/tcp\/(\d+)/.exec(target.address)?.[1]);
let ending = false;

async function dial(key: Uint8Array, localAddress: string): Promise<Connection> {
  const node = await createLibp2p({
    privateKey: await loadPeerKey(key),
    addresses: { listen: [] },
    transports: [tcp({ dialOpts: { localAddress } as object })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
  });
  return node.dial(multiaddr(target.address));
}

/** Asks on as many streams as it may, and reads nothing. */
async function askWithoutReading(connection: Connection): Promise<void> {
  for (let lane = 0; lane < lanes; lane++) {
    const stream = await connection.newStream(blobProtocol);
    stream.pause();
    stream.send(request);
  }
}

/** Connects again and again, and asks for the object each second where it is let in. */
async function stranger(index: number): Promise<void> {
  const key = await createPeerKey();
  const localAddress = `127.1.${index >> 8}.${index & 255}`;
  while (!ending) {
    try {
      const connection = await dial(key, localAddress);
      while (connection.status === "open" && !ending) {
        await askWithoutReading(connection);
        await pause();
      }
    } catch {
      // refused, or closed: it tries again
    }
    await pause();
  }
}

function silentSocket(index: number): void {
  const socket = connect({ port, host: "127.0.0.1", localAddress: `127.2.${index >> 8}.${index & 255 || 1}` });
  socket.on("error", () => {});
  socket.on("close", () => {
    if (!ending) setTimeout(() => silentSocket(index), everyMs);
  });
}

async function hostileMember(key: string, index: number): Promise<void> {
  while (!ending) {
    try {
      const connection = await dial(Buffer.from(key, "hex"), `127.3.0.${index + 1}`);
      while (connection.status === "open" && !ending) {
        await askWithoutReading(connection);
        await pause();
      }
    } catch {
      // too many streams: continue with the next connection
    }
    await pause();
  }
}

for (let index = 0; index < halfOpen; index++) silentSocket(index);
target.keys.forEach((key, index) => void hostileMember(key, index));
for (let index = 0; index < strangers; index++) void stranger(index);
for (let count = 0; count < 10; count++) await pause();
console.log(`${strangers} strangers, ${halfOpen} half-open sockets, ${target.keys.length} members that do not read`);
for await (const _ of process.stdin);
ending = true;
process.exit();

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, everyMs));
}
