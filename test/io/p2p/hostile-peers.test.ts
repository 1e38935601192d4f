// Members come first: what strangers and members that break the rules cannot keep others from, over real connections.
import type { GossipSub } from "@libp2p/gossipsub";
import { expect } from "chai";
import { blobProtocol } from "../../../io/p2p/blob-frames.ts";
import { createPeerKey, peerIdOfKey } from "../../../io/p2p/identity.ts";
import { openBlobStore } from "../../../io/store/blob-store.ts";
import { topicOf } from "../../../protocol/format/announcement.ts";
import { parseAddress } from "../../../protocol/format/digest.ts";
import { chunkBytes } from "../../../protocol/format/merkle.ts";
import type { BlobStore } from "../../../protocol/ports.ts";
import { patternBytes } from "../../suites/blob-store.ts";
import { addressOf, announcementBy, federation, silentLog, TestFederation, until } from "./federation-of-peers.ts";
import { askWithoutReading, dialFrom, type RogueNode, rogueNode, silentSockets } from "./strangers.ts";

const noLimit = { maxBytes: 1 << 30 };

describe("hostile peers", () => {
  let peers: TestFederation;
  let rogues: RogueNode[];
  beforeEach(() => {
    peers = new TestFederation();
    rogues = [];
  });
  afterEach(async () => {
    await Promise.all(rogues.map((node) => node.stop()));
    await peers.stop();
  });

  async function rogue(key?: Uint8Array): Promise<RogueNode> {
    const node = await rogueNode(key);
    rogues.push(node);
    return node;
  }
  /** A member that follows none of the rules. */
  async function rogueMember(): Promise<RogueNode> {
    const key = await createPeerKey();
    peers.members.admit(
      await peerIdOfKey(key),
      parseAddress(`0x${(1000 + rogues.length).toString(16).padStart(40, "0")}`),
    );
    return rogue(key);
  }
  const isConnected = (to: { network: { connectedMembers(): readonly unknown[] } }, count = 1) =>
    until(() => to.network.connectedMembers().length === count, { withinMs: 45_000 });

  it("lets a member in while 300 silent sockets from another address are opened again and again", async () => {
    const a = await peers.start();
    const silent = await silentSockets(addressOf(a), 300, "127.0.0.2");
    try {
      const b = await peers.start({ peers: [addressOf(a)] });
      await isConnected(b);
    } finally {
      silent.close();
    }
  });

  it("lets a member in while one stranger holds more connections than there are places", async () => {
    const a = await peers.start({ serveAuditors: true });
    const stranger = await rogue();
    for (let batch = 0; batch < 10; batch++) {
      await Promise.all(Array.from({ length: 31 }, () => dialFrom(stranger, addressOf(a)).catch(() => {})));
    }
    const b = await peers.start({ peers: [addressOf(a)] });
    await isConnected(b);
    await until(() => a.network.connections().filter(({ member }) => member === undefined).length <= 2);
  });

  it("serves an auditor while idle strangers hold all places of their address", async () => {
    const a = await peers.start({ serveAuditors: true });
    const digest = await a.store.put(patternBytes(100));
    for (let count = 0; count < 6; count++) await dialFrom(await rogue(), addressOf(a)).catch(() => {});
    // The idle ones make room once they have been idle for some seconds; an auditor dials again until then.
    const auditor = await peers.start({ admitted: false, peers: [addressOf(a)] });
    await isConnected(auditor);
    await auditor.network.exchange.fetch(digest, noLimit);
    expect(a.network.connections().length).to.be.at.most(4);
  });

  it("keeps strangers out of gossip", async () => {
    const neighbours: unknown[] = [];
    const log = { ...silentLog, child: () => log, debug: (_: string, facts = {}) => neighbours.push({ ...facts }) };
    const a = await peers.start({ serveAuditors: true, log });
    const stranger = await rogue();
    const gossip: GossipSub = stranger.services.gossip;
    gossip.subscribe(topicOf(federation));
    const connection = await dialFrom(stranger, addressOf(a));
    await expectReset(() => connection.newStream("/meshsub/1.1.0"));
    await stranger.services.ping.ping(connection.remotePeer);
    await a.network.gossip.publish(announcementBy(a.address));
    expect(neighbours).to.deep.include({ kind: "manifest", round: 1, neighbours: 0 });
    expect(gossip.getSubscribers(topicOf(federation))).to.deep.equal([]);
  });

  it("relays nothing for strangers, and takes no reservations of theirs", async () => {
    const a = await peers.start({ serveAuditors: true, relay: true });
    const connection = await dialFrom(await rogue(), addressOf(a));
    await expectReset(() => connection.newStream("/libp2p/circuit/relay/0.2.0/hop"));
  });

  it("serves a member while eleven members do not read what they asked for", async () => {
    const a = await peers.start();
    const digest = await a.store.put(patternBytes(2 * chunkBytes));
    for (let count = 0; count < 11; count++) {
      await askWithoutReading(await dialFrom(await rogueMember(), addressOf(a)), digest);
    }
    const b = await peers.start({ peers: [addressOf(a)] });
    await isConnected(b);
    await b.network.exchange.fetch(digest, noLimit);
    expect(await b.store.has(digest)).to.equal(true);
  });

  it("serves an auditor while other strangers do not read what they asked for", async () => {
    const a = await peers.start({ serveAuditors: true });
    const digest = await a.store.put(patternBytes(2 * chunkBytes));
    for (let count = 0; count < 2; count++) {
      await askWithoutReading(await dialFrom(await rogue(), addressOf(a)), digest);
    }
    const auditor = await peers.start({ admitted: false, peers: [addressOf(a)] });
    await isConnected(auditor);
    await auditor.network.exchange.fetch(digest, noLimit);
    expect(await auditor.store.has(digest)).to.equal(true);
  });

  it("keeps members' answers free of strangers, however many of theirs are under way", async () => {
    let begun = 0;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const files = await openBlobStore(await peers.directory());
    const wanted = await files.put(patternBytes(100));
    const own = await files.put(patternBytes(200));
    // What strangers ask for takes for ever: a slot cannot be taken back before its answer has ended.
    const blobs: BlobStore = {
      ...files,
      async read(digest, ...range) {
        if (digest === wanted) begun++;
        if (digest === wanted) await held;
        return files.read(digest, ...range);
      },
    };
    const a = await peers.start({ serveAuditors: true, blobs });
    for (let count = 0; count < 4; count++) {
      await askWithoutReading(await dialFrom(await rogue(), addressOf(a)), wanted);
    }
    const b = await peers.start({ peers: [addressOf(a)] });
    await isConnected(b);
    await b.network.exchange.fetch(own, noLimit);
    await until(() => begun === 4);
    release();
    await files.close();
  });

  it("holds no more than a piece of a chunk for a peer that reads nothing", async () => {
    let read = 0;
    const files = await openBlobStore(await peers.directory());
    const digest = await files.put(patternBytes(2 * chunkBytes));
    const blobs: BlobStore = {
      ...files,
      async read(...args) {
        const bytes = await files.read(...args);
        read += bytes.byteLength;
        // Not a part of a buffer of a whole chunk either.
        expect(bytes.buffer.byteLength).to.be.below(chunkBytes);
        return bytes;
      },
    };
    const a = await peers.start({ blobs });
    const connection = await dialFrom(await rogueMember(), addressOf(a));
    await askWithoutReading(connection, digest, 1);
    const b = await peers.start({ peers: [addressOf(a)] });
    await isConnected(b);
    // By the time that another member has had both chunks, the answer that is not read has long stood still.
    await b.network.exchange.fetch(digest, noLimit);
    expect(read).to.be.below(2 * chunkBytes + chunkBytes);
    await files.close();
  });

  it("remembers nothing of strangers that have left", async () => {
    const a = await peers.start({ serveAuditors: true });
    const strangers: string[] = [];
    for (let count = 0; count < 20; count++) {
      const stranger = await rogueNode();
      const connection = await dialFrom(stranger, addressOf(a));
      await stranger.services.ping.ping(connection.remotePeer);
      strangers.push(stranger.peerId.toString());
      await stranger.stop();
    }
    await until(() => a.network.connections().length === 0);
    await untilAsync(async () => (await a.network.rememberedPeers()).every((peer) => !strangers.includes(peer)));
  });

  it("closes a stranger's connection that sends more bytes than requests need", async () => {
    const a = await peers.start({ serveAuditors: true });
    const connection = await dialFrom(await rogue(), addressOf(a));
    const stream = await connection.newStream("/ipfs/ping/1.0.0");
    stream.addEventListener("message", () => {});
    const flood = async () => {
      for (let sent = 0; sent < 64 && connection.status === "open"; sent++) {
        if (!stream.send(new Uint8Array(64 * 1024))) await stream.onDrain();
      }
    };
    await flood().catch(() => {});
    await until(() => connection.status !== "open");
  });

  it("asks members only for objects", async () => {
    const a = await peers.start({ serveAuditors: true });
    const asked: string[] = [];
    const stranger = await rogue();
    await stranger.handle(blobProtocol, () => void asked.push("stranger"));
    await dialFrom(stranger, addressOf(a));
    const digest = await (await peers.start()).store.put(patternBytes(10));
    await a.network.exchange.fetch(digest, noLimit).catch(() => {});
    expect(asked).to.deep.equal([]);
  });
});

async function expectReset(open: () => Promise<{ status: string }>): Promise<void> {
  const stream = await open().catch(() => undefined);
  await until(() => stream === undefined || stream.status !== "open");
}

async function untilAsync(condition: () => Promise<boolean>): Promise<void> {
  let holds = false;
  const check = async () => {
    holds = await condition();
    if (!holds) setTimeout(check, 20);
  };
  void check();
  await until(() => holds);
}
