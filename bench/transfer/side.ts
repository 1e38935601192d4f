// One side of the transfer benchmark, in a process of its own, so that each side's memory is its own:
//   node side.ts serve ours|plain|tcp FOLDER      serves FOLDER/object, prints its address and digest, ends with its stdin
//   node side.ts fetch ours|plain|tcp FOLDER ADDRESS DIGEST     prints seconds, seconds of CPU and peak memory
import { createHash } from "node:crypto";
import { once } from "node:events";
import { closeSync, createReadStream, fsyncSync, openSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { noise } from "@libp2p/noise";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p, type Libp2p } from "libp2p";
import { recoverSigner } from "../../io/chain/signatures.ts";
import { createPeerKey } from "../../io/p2p/identity.ts";
import { openPeerNetwork } from "../../io/p2p/peer-network.ts";
import { openBlobStore } from "../../io/store/blob-store.ts";
import { parseAddress, parseDigest, parseRoundId } from "../../protocol/format/digest.ts";
import type { Log } from "../../protocol/ports.ts";
import { peakBytes } from "../aggregate/peak-memory.ts";

const silent: Log = { child: () => silent, debug() {}, info() {}, warn() {}, error() {} };
const member = parseAddress(`0x${"01".repeat(20)}`);
const pushProtocol = "/bench/push/1.0.0";

interface Party {
  readonly address: string;
  /** Makes FOLDER/object ready to be fetched. @returns its name */
  serve(): Promise<string>;
  /** Fetches an object, checked and synced to disk. */
  fetch(address: string, digest: string): Promise<void>;
  stop(): Promise<void>;
}

async function ours(folder: string): Promise<Party> {
  const blobs = await openBlobStore(join(folder, "store"));
  const identity = await createPeerKey();
  const members = { latestRound: () => parseRoundId(1), memberOf: () => member, onChange: () => () => {} };
  const open = (peers: readonly string[]) =>
    openPeerNetwork({
      ...{ identity, listen: ["/ip4/127.0.0.1/tcp/0"], peers, membership: members, blobs, log: silent },
      federation: { chainId: 31337, contract: member },
      signatures: { recover: recoverSigner },
    });
  const network = await open([]);
  let other: Awaited<ReturnType<typeof open>> | undefined;
  return {
    address: network.addresses()[0]!,
    serve: async () => blobs.put(await readFile(join(folder, "object"))),
    async fetch(address, digest) {
      await network.stop();
      other = await open([address]);
      while (other.connectedMembers().length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      started = { at: performance.now(), cpu: process.cpuUsage() };
      await other.exchange.fetch(parseDigest(digest), { maxBytes: 2 ** 40 });
    },
    async stop() {
      await (other ?? network).stop();
      await blobs.close();
    },
  };
}

/** The library's plain streams: pushed whole, hashed on arrival, written, synced. */
async function plain(folder: string): Promise<Party> {
  const node: Libp2p = await createLibp2p({
    addresses: { listen: ["/ip4/127.0.0.1/tcp/0"] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  });
  return {
    address: String(node.getMultiaddrs()[0]),
    async serve() {
      await node.handle(pushProtocol, async (stream) => {
        for await (const chunk of createReadStream(join(folder, "object"), { highWaterMark: 64 * 1024 })) {
          if (!stream.send(chunk as Uint8Array)) await stream.onDrain();
        }
        await stream.close();
      });
      return hashOfObject(folder);
    },
    async fetch(address, digest) {
      const connection = await node.dial(multiaddr(address));
      started = { at: performance.now(), cpu: process.cpuUsage() };
      const stream = await connection.newStream(pushProtocol);
      await keepWhole(folder, digest, stream);
    },
    stop: () => Promise.resolve(node.stop()),
  };
}

/** A socket without encryption: pushed whole, hashed on arrival, written, synced. */
async function tcpAlone(folder: string): Promise<Party> {
  const server = createServer((socket) => createReadStream(join(folder, "object")).pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: String((server.address() as AddressInfo).port),
    serve: () => hashOfObject(folder),
    async fetch(address, digest) {
      const socket = connect(Number(address), "127.0.0.1");
      await once(socket, "connect");
      started = { at: performance.now(), cpu: process.cpuUsage() };
      await keepWhole(folder, digest, socket as AsyncIterable<Uint8Array>);
    },
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function hashOfObject(folder: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(join(folder, "object"))) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

async function keepWhole(
  folder: string,
  digest: string,
  stream: AsyncIterable<Uint8Array | Iterable<Uint8Array>>,
): Promise<void> {
  const file = openSync(join(folder, "received"), "w");
  const hash = createHash("sha256");
  // Written at once: a stream that is read at leisure buffers without bound.
  for await (const data of stream) {
    for (const part of data instanceof Uint8Array ? [data] : data) {
      hash.update(part);
      writeSync(file, part);
    }
  }
  fsyncSync(file);
  closeSync(file);
  if (hash.digest("hex") !== digest) throw new Error("received other bytes");
}

let started = { at: 0, cpu: process.cpuUsage() };
const [role, kind, folder, address, digest] = process.argv.slice(2) as [string, string, string, string, string];
const party = await (kind === "ours" ? ours : kind === "plain" ? plain : tcpAlone)(folder);
if (role === "serve") {
  console.log(JSON.stringify({ digest: await party.serve(), address: party.address }));
  for await (const _ of process.stdin);
} else {
  await party.fetch(address, digest);
  const seconds = (performance.now() - started.at) / 1000;
  const { user, system } = process.cpuUsage(started.cpu);
  console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, peakBytes: peakBytes() }));
}
await party.stop();
