// Objects between real peers on loopback: the shared suite, and the peers and lines that a hospital will meet.
import { expect } from "chai";
import { openBlobStore } from "../../../io/store/blob-store.ts";
import { chunkBytes } from "../../../protocol/format/merkle.ts";
import type { BlobStore } from "../../../protocol/ports.ts";
import { blobExchangeSuite } from "../../suites/blob-exchange.ts";
import { expectCode, patternBytes } from "../../suites/blob-store.ts";
import { gossipSuite } from "../../suites/gossip.ts";
import { addressOf, announcementBy, TestFederation, type TestPeer, until } from "./federation-of-peers.ts";
import { openSlowLine, type SlowLine } from "./slow-line.ts";

const noLimit = { maxBytes: 1 << 30 };
/** Time limits a tenth of the default ones. */
const shortLimits = { silenceMs: 600, minBytesPerSecond: 4_096, slowMs: 3_000 };

blobExchangeSuite("libp2p", async () => {
  const peers = new TestFederation();
  const remotes = [await peers.start(), await peers.start()] as const;
  const local = await peers.start({ peers: remotes.map(addressOf) });
  await until(() => local.network.connectedMembers().length === 2);
  return {
    exchange: local.network.exchange,
    local: local.store,
    remotes: [remotes[0].store, remotes[1].store],
    close: () => peers.stop(),
  };
});

gossipSuite("libp2p", async () => {
  const peers = new TestFederation();
  const first = await peers.start();
  const second = await peers.start({ peers: [addressOf(first)] });
  const third = await peers.start({ peers: [addressOf(first), addressOf(second)] });
  const all = [first, second, third];
  await until(() => all.every(({ network }) => network.connectedMembers().length === 2));
  const members = all.map(({ network, address }) => ({
    gossip: network.gossip,
    announcement: announcementBy(address),
  }));
  return { members, close: () => peers.stop() };
});

/** A store of which a test interferes with the reading of each chunk's first piece. */
function storeWith(store: BlobStore, read: (chunk: number, bytes: Uint8Array) => Promise<Uint8Array> | Uint8Array) {
  return {
    ...store,
    read: async (...args: Parameters<BlobStore["read"]>) => {
      const bytes = await store.read(...args);
      return args[1] % chunkBytes === 0 ? read(args[1] / chunkBytes, bytes) : bytes;
    },
  };
}

describe("objects between peers", () => {
  let peers: TestFederation;
  const lines: SlowLine[] = [];
  beforeEach(() => {
    peers = new TestFederation();
  });
  afterEach(async () => {
    await Promise.all(lines.splice(0).map((line) => line.close()));
    await peers.stop();
  });

  async function lineTo(server: TestPeer, speed: { bytesPerSecond?: number } = {}) {
    const line = await openSlowLine(addressOf(server), speed);
    lines.push(line);
    return line;
  }

  /** A peer with another reading of its own store. */
  async function startWith(read: (chunk: number, bytes: Uint8Array) => Promise<Uint8Array> | Uint8Array) {
    const files = await openBlobStore(await peers.directory());
    const peer = await peers.start({ blobs: storeWith(files, read) });
    return { ...peer, store: files };
  }
  async function connect(...to: TestPeer[]) {
    const peer = await peers.start({ peers: to.map(addressOf), timeLimits: shortLimits });
    await until(() => peer.network.connectedMembers().length === to.length);
    return peer;
  }
  async function expectHas(peer: TestPeer, bytes: Uint8Array, digest: Awaited<ReturnType<BlobStore["put"]>>) {
    expect(Buffer.compare(await peer.store.get(digest, noLimit), bytes)).to.equal(0);
  }

  it("fetches 20 MB from two peers, one of which dies half-way", async () => {
    const bytes = patternBytes(20 << 20);
    let fromDying = 0;
    let fromSteady = 0;
    const dying: TestPeer = await startWith((_, chunk) => {
      if (++fromDying === 5) void dying.network.stop();
      return chunk;
    });
    const steady = await startWith((_, chunk) => {
      fromSteady++;
      return chunk;
    });
    const digest = await dying.store.put(bytes);
    await steady.store.put(bytes);
    const reader = await connect(dying, steady);
    await reader.network.exchange.fetch(digest, noLimit);
    await expectHas(reader, bytes, digest);
    expect(fromDying).to.be.within(5, 10);
    expect(fromSteady).to.be.within(10, 20);
  });

  it("finds the liar among two peers, asks it no more, and ends with the right bytes", async () => {
    const bytes = patternBytes(8 << 20);
    let lies = 0;
    const liar = await startWith((_, chunk) => {
      lies++;
      const wrong = chunk.slice();
      wrong[wrong.byteLength - 1] = wrong[wrong.byteLength - 1]! ^ 1;
      return wrong;
    });
    const honest = await startWith((_, chunk) => chunk);
    const digest = await liar.store.put(bytes);
    await honest.store.put(bytes);
    const reader = await connect(liar, honest);
    await reader.network.exchange.fetch(digest, { ...noLimit, preferred: liar.address });
    await expectHas(reader, bytes, digest);
    expect(lies).to.be.within(1, 3);
  });

  it("keeps nothing of a lone liar's, and reports the object as unavailable", async () => {
    const liar = await startWith((_, chunk) => chunk.map((byte) => byte ^ 255));
    const digest = await liar.store.put(patternBytes(2 << 20));
    const reader = await connect(liar);
    await expectCode(() => reader.network.exchange.fetch(digest, noLimit), "BLOB_UNAVAILABLE");
    expect(await reader.store.has(digest)).to.equal(false);
  });

  it("continues after a restart of the reader, without asking for what it has", async () => {
    const bytes = patternBytes(10 << 20);
    const asked: number[] = [];
    const control = new AbortController();
    const server = await startWith((chunk, read) => {
      asked.push(chunk);
      // Of six lanes: three chunks at least are here.
      if (asked.length === 9) control.abort();
      return read;
    });
    const digest = await server.store.put(bytes);
    const dir = await peers.directory();
    const first = await peers.start({ dir, peers: [addressOf(server)] });
    await until(() => first.network.connectedMembers().length === 1);
    await expectCode(() => first.network.exchange.fetch(digest, { ...noLimit, signal: control.signal }), "ABORTED");
    await first.stop();
    const before = asked.length;
    const second = await peers.start({ dir, identity: first.key, peers: [addressOf(server)] });
    await until(() => second.network.connectedMembers().length === 1);
    await second.network.exchange.fetch(digest, noLimit);
    await expectHas(second, bytes, digest);
    expect(asked.length - before, "chunks of the second run").to.be.within(1, 10 - 3);
  });

  it("continues after the only peer came back", async () => {
    const bytes = patternBytes(10 << 20);
    let served = 0;
    const files = await openBlobStore(await peers.directory());
    const digest = await files.put(bytes);
    const server: TestPeer = await peers.start({
      blobs: storeWith(files, (_, chunk) => {
        if (++served === 4) void server.network.stop();
        return chunk;
      }),
    });
    const port = /\/tcp\/(\d+)/.exec(addressOf(server))?.[1];
    const reader = await connect(server);
    const fetching = reader.network.exchange.fetch(digest, noLimit);
    await until(() => reader.network.connectedMembers().length === 0);
    await peers.start({ identity: server.key, blobs: files, listen: [`/ip4/127.0.0.1/tcp/${port}`] });
    await fetching;
    await expectHas(reader, bytes, digest);
    await files.close();
  });

  it("waits for a slow line as long as it delivers", async () => {
    const bytes = patternBytes(1.5 * chunkBytes);
    const server = await peers.start();
    const digest = await server.store.put(bytes);
    const line = await lineTo(server, { bytesPerSecond: 500_000 });
    const reader = await peers.start({ peers: [line.address], timeLimits: shortLimits });
    await until(() => reader.network.connectedMembers().length === 1);
    const started = performance.now();
    await reader.network.exchange.fetch(digest, noLimit);
    expect(performance.now() - started, "the chunk took longer than the silence allowed").to.be.greaterThan(
      2 * shortLimits.silenceMs,
    );
    await expectHas(reader, bytes, digest);
  });

  it("keeps the server's upload limit, all readers together, and serves each of them", async () => {
    const bytes = patternBytes(1.5 * chunkBytes);
    const limit = 2_000_000;
    const server = await peers.start({ uploadBytesPerSecond: limit });
    const digest = await server.store.put(bytes);
    await Promise.all([1, 2, 3].map(() => lineTo(server)));
    const readers = await Promise.all(lines.map(({ address }) => peers.start({ peers: [address] })));
    await until(() => readers.every(({ network }) => network.connectedMembers().length >= 1));
    const carried = () => lines.reduce((sum, line) => sum + line.carried(), 0);
    const before = carried();
    const started = performance.now();
    await Promise.all(readers.map(({ network }) => network.exchange.fetch(digest, noLimit)));
    const seconds = (performance.now() - started) / 1000;
    const allowed = 1.1 * limit * (seconds + 0.1);
    expect(carried() - before).to.be.within(bytes.byteLength, allowed);
    for (const reader of readers) await expectHas(reader, bytes, digest);
  });

  it("gives up a line that went dead without a word, and takes the object from another peer", async () => {
    const bytes = patternBytes(8 << 20);
    const server = await peers.start();
    const digest = await server.store.put(bytes);
    const line = await lineTo(server, { bytesPerSecond: 4_000_000 });
    const reader = await peers.start({ peers: [line.address], timeLimits: shortLimits });
    await until(() => reader.network.connectedMembers().length === 1);
    const fetching = reader.network.exchange.fetch(digest, noLimit);
    await until(() => line.carried() > 2 * chunkBytes);
    line.freeze();
    const files = await openBlobStore(await peers.directory());
    await files.put(bytes);
    await peers.start({ blobs: files, peers: [addressOf(reader)] });
    await fetching;
    await expectHas(reader, bytes, digest);
    await files.close();
  });

  it("takes the last chunks of a slow peer from a quick one", async () => {
    const bytes = patternBytes(6 << 20);
    const slow = await peers.start();
    const quick = await peers.start();
    const digest = await slow.store.put(bytes);
    await quick.store.put(bytes);
    const line = await lineTo(slow, { bytesPerSecond: 50_000 });
    const reader = await peers.start({ peers: [line.address, addressOf(quick)], timeLimits: shortLimits });
    await until(() => reader.network.connectedMembers().length === 2);
    const started = performance.now();
    await reader.network.exchange.fetch(digest, { ...noLimit, preferred: slow.address });
    // The slow line alone would take 21 s for its first chunk.
    expect(performance.now() - started).to.be.lessThan(10_000);
  });

  it("leaves the event loop to others while more peers are connected than it asks at the same time", async () => {
    const servers = await Promise.all(
      Array.from({ length: 8 }, () =>
        startWith(async (_, chunk) => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          return chunk;
        }),
      ),
    );
    const bytes = patternBytes(4 << 20);
    const [digest] = await Promise.all(servers.map(({ store }) => store.put(bytes)));
    const reader = await peers.start({ peers: servers.map(addressOf) });
    await until(() => reader.network.connectedMembers().length === servers.length);
    let turns = 0;
    const timer = setInterval(() => turns++, 10);
    await reader.network.exchange.fetch(digest as NonNullable<typeof digest>, noLimit);
    clearInterval(timer);
    await expectHas(reader, bytes, digest as NonNullable<typeof digest>);
    expect(turns).to.be.above(3);
  });

  it("prefers the peer that the caller names", async () => {
    const asked: string[] = [];
    const one = await startWith((_, chunk) => {
      asked.push("one");
      return chunk;
    });
    const two = await startWith((_, chunk) => {
      asked.push("two");
      return chunk;
    });
    const digest = await one.store.put(patternBytes(100));
    await two.store.put(patternBytes(100));
    const reader = await connect(one, two);
    await reader.network.exchange.fetch(digest, { ...noLimit, preferred: two.address });
    expect(asked[0]).to.equal("two");
  });

  it("ends a fetch with ABORTED when the node stops", async () => {
    const server = await startWith(() => new Promise(() => {}));
    const digest = await server.store.put(patternBytes(2 << 20));
    const reader = await connect(server);
    const fetching = reader.network.exchange.fetch(digest, noLimit);
    const outcome = expectCode(() => fetching, "ABORTED");
    await reader.network.stop();
    await outcome;
  });

  it("passes on a store that cannot write, rather than try every peer", async () => {
    const server = await peers.start();
    const digest = await server.store.put(patternBytes(2 << 20));
    const files = await openBlobStore(await peers.directory());
    const full = { ...files, writer: async () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" })) };
    const reader = await peers.start({ peers: [addressOf(server)], blobs: full });
    await until(() => reader.network.connectedMembers().length === 1);
    const failure = await reader.network.exchange.fetch(digest, noLimit).catch((error: unknown) => error);
    expect(failure).to.have.property("code", "ENOSPC");
    await files.close();
  });
});
