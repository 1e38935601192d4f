// Who may connect, and what gossip lets through: real libp2p nodes on loopback.
import type { GossipSub } from "@libp2p/gossipsub";
import type { PeerId } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { expect } from "chai";
import type { ErrorFacts } from "../../../foundation/errors.ts";
import { createPeerKey, peerIdOfKey } from "../../../io/p2p/identity.ts";
import { type Announcement, encodeAnnouncement, topicOf } from "../../../protocol/format/announcement.ts";
import { parseAddress, parseDigest, parseRoundId } from "../../../protocol/format/digest.ts";
import { expectCode } from "../../suites/blob-store.ts";
import {
  addressOf,
  announcementBy,
  federation,
  recordingLog,
  silentLog,
  TestFederation,
  until,
} from "./federation-of-peers.ts";
import { rogueNode } from "./strangers.ts";

const topic = topicOf(federation);

describe("the peer network", () => {
  let peers: TestFederation;
  beforeEach(() => {
    peers = new TestFederation();
  });
  afterEach(() => peers.stop());

  it("connects members and lists them", async () => {
    const a = await peers.start();
    const b = await peers.start({ peers: [addressOf(a)] });
    await until(() => a.network.connectedMembers().length === 1 && b.network.connectedMembers().length === 1);
    expect(a.network.connectedMembers()).to.deep.equal([b.address]);
    expect(addressOf(a)).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3KooW/);
    expect(addressOf(a)).to.contain(a.peerId);
  });

  it("refuses a peer that the contract does not list", async () => {
    const a = await peers.start();
    const outsider = await rogueNode(await createPeerKey());
    const connection = await outsider.dial(multiaddr(addressOf(a))).catch(() => undefined);
    await until(() => connection === undefined || connection.status !== "open");
    expect(a.network.connectedMembers()).to.deep.equal([]);
    await outsider.stop();
  });

  it("does not connect to a peer that the contract does not list", async () => {
    const a = await peers.start();
    const { member: listed } = { member: a.address };
    // The stranger's own list names everyone, so that only the dialling side can refuse.
    const everyone = {
      ...peers.members,
      memberOf: () => listed,
      latestRound: () => parseRoundId(1),
      onChange: () => () => {},
    };
    const stranger = await peers.start({ admitted: false, membership: everyone });
    const { log, seen } = recordingLog();
    const b = await peers.start({ peers: [addressOf(stranger), addressOf(a)], log });
    await until(() => seen("peer-not-reached").length === 1 && b.network.connectedMembers().length === 1, {
      withinMs: 40_000,
    });
    expect(b.network.connections().map(({ peerId }) => peerId)).to.deep.equal([a.peerId]);
    expect(stranger.network.connections().map(({ peerId }) => peerId)).not.to.include(b.peerId);
    expect(seen("peer-not-reached")[0]?.["reason"]).to.match(/contract does not list/);
  });

  it("connects a member that the contract lists later, without a restart", async () => {
    const a = await peers.start();
    const late = await peers.start({ admitted: false, peers: [addressOf(a)] });
    peers.members.admit(late.peerId, parseAddress(`0x${"99".repeat(20)}`));
    await until(() => a.network.connectedMembers().length === 1);
  });

  it("disconnects a revoked member at once, and for good", async () => {
    const a = await peers.start();
    const b = await peers.start({ peers: [addressOf(a)] });
    await until(() => a.network.connectedMembers().length === 1);
    peers.members.revoke(b.peerId);
    expect(a.network.connectedMembers()).to.deep.equal([]);
    const outsider = await rogueNode(b.key);
    const connection = await outsider.dial(multiaddr(addressOf(a))).catch(() => undefined);
    await until(() => connection === undefined || connection.status !== "open");
    await outsider.stop();
  });

  it("dials again when a peer comes back on its address", async () => {
    const first = await peers.start();
    const address = addressOf(first);
    const b = await peers.start({ peers: [address] });
    await until(() => b.network.connectedMembers().length === 1);
    await first.stop();
    await until(() => b.network.connectedMembers().length === 0);
    const port = /\/tcp\/(\d+)/.exec(address)?.[1];
    await peers.start({ identity: first.key, listen: [`/ip4/127.0.0.1/tcp/${port}`] });
    await until(() => b.network.connectedMembers().length === 1);
  });

  it("delivers an announcement to every other member once, also when it is repeated", async () => {
    const a = await peers.start();
    const b = await peers.start({ peers: [addressOf(a)] });
    const c = await peers.start({ peers: [addressOf(b)] });
    const heard: [string, Announcement][] = [];
    b.network.gossip.subscribe((announcement) => heard.push(["b", announcement]));
    c.network.gossip.subscribe((announcement) => heard.push(["c", announcement]));
    const announcement = announcementBy(a.address);
    await announceUntil(a, announcement, () => new Set(heard.map(([name]) => name)).size === 2);
    const last = announcementBy(a.address, { kind: "proposal" });
    await announceUntil(a, last, () => heard.filter(([, { kind }]) => kind === "proposal").length === 2);
    expect(heard.map(([name, { kind }]) => `${name} ${kind}`).sort()).to.deep.equal([
      "b manifest",
      "b proposal",
      "c manifest",
      "c proposal",
    ]);
    expect(heard[0]?.[1]).to.deep.equal(announcement);
  });

  it("publishes without neighbours without an error", async () => {
    const a = await peers.start();
    await a.network.gossip.publish(announcementBy(a.address));
  });

  it("calls no listener that has unsubscribed", async () => {
    const a = await peers.start();
    const b = await peers.start({ peers: [addressOf(a)] });
    let left = 0;
    let stayed = 0;
    b.network.gossip.subscribe(() => left++)();
    b.network.gossip.subscribe(() => stayed++);
    await announceUntil(a, announcementBy(a.address), () => stayed === 1);
    expect(left).to.equal(0);
  });

  it("rejects forged, foreign, malformed and oversized announcements, and then drops their sender's messages", async () => {
    const a = await peers.start();
    const key = await createPeerKey();
    peers.members.admit(await peerIdOfKey(key), parseAddress(`0x${"bb".repeat(20)}`));
    const liar = await rogueNode(key);
    const gossip: GossipSub = liar.services.gossip;
    gossip.subscribe(topic);
    const heard: Announcement[] = [];
    a.network.gossip.subscribe((announcement) => heard.push(announcement));
    await liar.dial(multiaddr(addressOf(a)));
    await until(() => gossip.getSubscribers(topic).length === 1);
    const own = announcementBy(parseAddress(`0x${"bb".repeat(20)}`));
    const forged = [
      encodeAnnouncement(announcementBy(a.address)), // signed by the liar's peer key, in another's name
      encodeAnnouncement({ ...own, chainId: 1 }),
      new TextEncoder().encode(JSON.stringify({ ...own, extra: 1 })),
      new Uint8Array(2000),
    ];
    // Before its lies it is heard; after them an honest announcement of the same sender is not.
    while (heard.length === 0) {
      await gossip.publish(topic, encodeAnnouncement(own));
      const deadline = performance.now() + 100;
      await until(() => heard.length > 0 || performance.now() > deadline);
    }
    for (const bytes of forged) await gossip.publish(topic, bytes);
    const score = () => a.network.connections().find(({ peerId }) => peerId === liar.peerId.toString())?.score ?? 0;
    await until(() => score() < -80);
    for (const digit of "2345") {
      const digest = parseDigest(`0x${digit.repeat(64)}`);
      await gossip.publish(topic, encodeAnnouncement({ ...own, digest }));
    }
    await liar.services.ping.ping(liar.getConnections()[0]?.remotePeer as PeerId); // what was sent before has arrived
    expect(heard).to.deep.equal([own]);
    await liar.stop();
  });

  it("ignores rounds that are past or not yet known, and does not lower the sender's score", async () => {
    const a = await peers.start();
    const b = await peers.start({ peers: [addressOf(a)] });
    const heard: number[] = [];
    b.network.gossip.subscribe(({ round }) => heard.push(round));
    await announceUntil(a, announcementBy(a.address, { round: parseRoundId(0) }), () => heard.length === 1);
    for (let round = 3; round < 13; round++) {
      await a.network.gossip.publish(announcementBy(a.address, { round: parseRoundId(round) }));
    }
    await announceUntil(a, announcementBy(a.address, { round: parseRoundId(2) }), () => heard.length === 2);
    expect(heard).to.deep.equal([0, 2]);
  });

  it("does not let one member flood the others", async () => {
    const a = await peers.start();
    let ignored = 0;
    const log = {
      ...silentLog,
      child: () => log,
      debug: (_: string, facts: ErrorFacts = {}) => void (facts["code"] === "ANNOUNCEMENTS_TOO_MANY" && ignored++),
    };
    const b = await peers.start({ peers: [addressOf(a)], log });
    let heard = 0;
    b.network.gossip.subscribe(() => heard++);
    await announceUntil(a, announcementBy(a.address), () => heard === 1);
    for (let index = 0; index < 300; index++) {
      const digest = parseDigest(`0x${index.toString(16).padStart(64, "0")}`);
      await a.network.gossip.publish(announcementBy(a.address, { digest }));
    }
    await until(() => heard + ignored >= 301);
    expect(ignored).to.be.greaterThan(100);
  });

  it("names the error when its address is in use, an address is malformed or a key is", async () => {
    const a = await peers.start();
    const port = /\/tcp\/(\d+)/.exec(addressOf(a))?.[1];
    await expectCode(() => peers.start({ listen: [`/ip4/127.0.0.1/tcp/${port}`] }), "PEER_LISTEN_FAILED");
    await expectCode(() => peers.start({ peers: ["not an address"] }), "MULTIADDR_MALFORMED");
    await expectCode(() => peers.start({ identity: new Uint8Array(31) }), "PEER_KEY_MALFORMED");
  });

  it("stops twice, on its signal, and without a connection", async () => {
    const a = await peers.start({
      peers: ["/ip4/127.0.0.1/tcp/1/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"],
    });
    await Promise.all([a.network.stop(), a.network.stop()]);
    const control = new AbortController();
    const b = await peers.start({ signal: control.signal, log: silentLog });
    control.abort();
    await b.network.stop();
    expect(b.network.connectedMembers()).to.deep.equal([]);
  });

  it("connects twelve members who each know four, and all hear every announcement", async () => {
    const members = [await peers.start()];
    while (members.length < 12) {
      const known = members.slice(-4).map(addressOf);
      members.push(await peers.start({ peers: known }));
    }
    await until(() => members.every(({ network }) => network.connectedMembers().length >= 4));
    const heard = members.map(() => new Set<string>());
    members.forEach(({ network }, index) => {
      network.gossip.subscribe(({ hospital }) => heard[index]?.add(hospital));
    });
    while (!heard.every((names) => names.size === 11)) {
      for (const { network, address } of members) await network.gossip.publish(announcementBy(address));
      const deadline = performance.now() + 500;
      await until(() => heard.every((names) => names.size === 11) || performance.now() > deadline);
    }
  });
});

/** Announces again until it is heard: gossip is a hint, and a mesh takes a heartbeat to form. */
async function announceUntil(
  peer: Awaited<ReturnType<TestFederation["start"]>>,
  announcement: Announcement,
  heard: () => boolean,
): Promise<void> {
  while (!heard()) {
    await peer.network.gossip.publish(announcement);
    const deadline = performance.now() + 100;
    await until(() => heard() || performance.now() > deadline);
  }
}
