// How members find each other, and what a person reads when they do not, over real connections.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { openAddressBook } from "../../../io/p2p/address-book.ts";
import { createPeerKey, loadPeerKey } from "../../../io/p2p/identity.ts";
import { parseMultiaddr } from "../../../io/p2p/multiaddrs.ts";
import { decodeRecords, openSignedAddresses, signAddresses } from "../../../io/p2p/peer-records.ts";
import { expectCode, patternBytes } from "../../suites/blob-store.ts";
import {
  addressOf,
  recordingLog,
  silentLog,
  TestFederation,
  TestMembers,
  type TestPeer,
  until,
} from "./federation-of-peers.ts";
import { openSlowLine } from "./slow-line.ts";

describe("members' addresses", () => {
  let peers: TestFederation;
  beforeEach(() => {
    peers = new TestFederation();
  });
  afterEach(() => peers.stop());

  const areConnected = (a: TestPeer, b: TestPeer) =>
    until(() => a.network.connectedMembers().includes(b.address) && b.network.connectedMembers().includes(a.address), {
      withinMs: 40_000,
    });

  it("connects two members who know only a third, which then stops for good; again after a restart of one", async () => {
    const dir = await peers.directory();
    const addressFile = join(dir, "addresses");
    const c = await peers.start();
    const addressOfC = addressOf(c);
    const a = await peers.start({ peers: [addressOf(c)], dir, addressFile });
    await areConnected(a, c);
    const b = await peers.start({ peers: [addressOf(c)] });
    await areConnected(a, b);
    // They are connected some milliseconds before they have told each other their addresses.
    await until(async () => (await membersInFile(addressFile)).includes(b.peerId));
    await c.stop();
    await until(() => a.network.connectedMembers().length === 1 && b.network.connectedMembers().length === 1);
    await a.stop();
    await until(() => b.network.connectedMembers().length === 0);
    // Another port: only what it kept on disk leads it to B, and its new address only to B through that connection.
    const again = await peers.start({ identity: a.key, peers: [addressOfC], dir, addressFile });
    await areConnected(again, b);
  });

  it("reaches a member behind a relay by the address that the relay passes on", async () => {
    const relay = await peers.start({ relay: true });
    const hidden = await peers.start({ peers: [addressOf(relay)], listen: ["/p2p-circuit"] });
    await until(() => hidden.network.addresses().some((address) => address.includes("/p2p-circuit")));
    const b = await peers.start({ peers: [addressOf(relay)] });
    await areConnected(b, hidden);
  });

  it("replaces a way through a relay by a direct one where one side can be dialled, and fetches by that", async () => {
    const relay = await peers.start({ relay: true });
    const hidden = await peers.start({ peers: [addressOf(relay)], listen: ["/p2p-circuit"] });
    await until(() => hidden.network.addresses().some((address) => address.includes("/p2p-circuit")));
    // The open member knows the hidden one by its address through the relay; the hidden one can dial it.
    const line = await openSlowLine(addressOf(relay), { bytesPerSecond: 200_000 });
    const open = await peers.start({ peers: [`${line.address}/p2p-circuit/p2p/${hidden.peerId}`, line.address] });
    const waysFrom = (from: TestPeer, to: TestPeer) =>
      from.network.connections().filter(({ peerId }) => peerId === to.peerId);
    await until(() => waysFrom(open, hidden).some(({ isDirect }) => !isDirect), { withinMs: 20_000 });
    await until(() => waysFrom(hidden, open).some(({ isDirect }) => isDirect), { withinMs: 40_000 });
    expect(waysFrom(hidden, open).filter(({ isDirect }) => isDirect)).to.have.length(1);
    const bytes = patternBytes(2 * 2 ** 20);
    const digest = await hidden.store.put(bytes);
    await open.network.exchange.fetch(digest, { maxBytes: bytes.byteLength });
    expect(line.carried(), "bytes through the relay").to.be.below(bytes.byteLength / 2);
    await line.close();
  });

  it("says once and at the level of warning why a configured peer is not reached", async () => {
    const a = await peers.start();
    const other = await peers.start();
    const wrong = addressOf(a).replace(a.peerId, other.peerId);
    const { log, seen, lines } = recordingLog();
    await peers.start({ peers: [wrong, `/ip4/127.0.0.1/tcp/1/p2p/${a.peerId}`], log });
    await until(() => seen("peer-not-reached").length === 2, { withinMs: 40_000 });
    const reasons = seen("peer-not-reached").map(({ reason }) => String(reason));
    expect(
      reasons.some((reason) => reason.includes("another peer id")),
      reasons.join(),
    ).to.equal(true);
    expect(
      reasons.some((reason) => reason.includes("refused")),
      reasons.join(),
    ).to.equal(true);
    expect(lines.filter(({ level }) => level === "warn")).to.have.length(2);
  });

  it("logs no warning where a peer starts some seconds after this node", async () => {
    const { log, lines } = recordingLog();
    const first = await peers.start();
    const [key, address] = [first.key, addressOf(first)];
    await first.stop();
    const a = await peers.start({ peers: [address], log });
    await delay(2_000);
    const listen = [address.slice(0, address.indexOf("/p2p/"))];
    await areConnected(a, await peers.start({ identity: key, listen }));
    expect(lines.filter(({ level }) => level === "warn")).to.deep.equal([]);
  });

  it("logs no warning while members connect, transfer and stop", async () => {
    const { log, lines } = recordingLog();
    const a = await peers.start({ log });
    const b = await peers.start({ peers: [addressOf(a)], log });
    await areConnected(a, b);
    const digest = await a.store.put(new Uint8Array(3_000_000));
    await b.network.exchange.fetch(digest, { maxBytes: 1 << 30 });
    await b.stop();
    await until(() => a.network.connectedMembers().length === 0);
    expect(lines.filter(({ level }) => level === "warn" || level === "error")).to.deep.equal([]);
  });

  it("warns where another process uses its peer key", async () => {
    const c = await peers.start();
    const { log, seen } = recordingLog();
    const first = await peers.start({ peers: [addressOf(c)], log });
    await areConnected(first, c);
    // The later process signs the newer record; the first one gets it back from C.
    const second = await peers.start({ identity: first.key, listen: ["/ip4/127.0.0.1/tcp/0"], peers: [addressOf(c)] });
    await areConnected(second, c);
    const d = await peers.start({ peers: [addressOf(c)] });
    await areConnected(d, c);
    await until(() => first.network.connectedMembers().includes(d.address));
    await until(() => seen("peer-key-used-twice").length === 1);
  });

  it("warns where a configured address leads to itself", async () => {
    const { log, seen } = recordingLog();
    const first = await peers.start();
    await peers.start({ identity: first.key, peers: [addressOf(first)], log });
    await until(() => seen("peer-not-reached").length === 1, { withinMs: 40_000 });
    expect(seen("peer-not-reached")[0]?.["reason"]).to.include("own peer id");
  });

  it("keeps only newer records of members, signed by themselves", async () => {
    const members = new TestMembers();
    const key = await loadPeerKey(await createPeerKey());
    const stranger = await loadPeerKey(await createPeerKey());
    const at = (port: number) => [parseMultiaddr(`/ip4/192.0.2.1/tcp/${port}`)];
    const newer = await signAddresses(key, at(2), 2n);
    members.admit(newer.peerId, `0x${"01".repeat(20)}` as never);
    const own: string[] = [];
    const book = await openAddressBook({
      membership: members,
      self: "none",
      onOwn: ({ peerId }) => own.push(peerId),
      log: silentLog,
    });
    const forged = newer.bytes.slice();
    forged[forged.byteLength - 1]! ^= 1;
    const records = [newer, await signAddresses(key, at(1), 1n), await signAddresses(stranger, at(3), 3n)];
    expect(await book.learn([forged])).to.equal(false);
    expect(await book.learn(records.map(({ bytes }) => bytes))).to.equal(true);
    expect(book.peers()).to.deep.equal([newer.peerId]);
    expect(book.addressesOf(newer.peerId).map(String)).to.deep.equal([`/ip4/192.0.2.1/tcp/2/p2p/${newer.peerId}`]);
    expect(await book.learn([newer.bytes])).to.equal(false);
    members.revoke(newer.peerId);
    expect(book.records()).to.deep.equal([]);
    // Its record is forgotten when another one comes, and taken in again once it is a member again.
    const other = await signAddresses(stranger, at(3), 3n);
    members.admit(other.peerId, `0x${"02".repeat(20)}` as never);
    expect(await book.learn([other.bytes])).to.equal(true);
    members.admit(newer.peerId, `0x${"01".repeat(20)}` as never);
    expect(await book.learn([newer.bytes])).to.equal(true);
    expect(book.peers()).to.have.members([newer.peerId, other.peerId]);
  });

  it("takes TCP addresses and relayed ones, and names other transports as unsupported", async () => {
    const id = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo";
    for (const address of [
      "/ip4/0.0.0.0/tcp/4710",
      `/dns4/hospital.example/tcp/4710/p2p/${id}`,
      `/ip6/::1/tcp/4710/p2p/${id}/p2p-circuit/p2p/${id}`,
      "/p2p-circuit",
    ]) {
      expect(parseMultiaddr(address).toString()).to.equal(address);
    }
    for (const address of ["/ip4/127.0.0.1/tcp/80/ws", "/ip4/127.0.0.1/udp/1/quic-v1", "/unix/x", `/p2p/${id}`]) {
      await expectCode(() => Promise.resolve().then(() => parseMultiaddr(address)), "MULTIADDR_UNSUPPORTED");
    }
    await expectCode(() => Promise.resolve().then(() => parseMultiaddr("ws://x")), "MULTIADDR_MALFORMED");
  });
});

/** Peer ids of the members whose addresses a node has kept in its file. */
async function membersInFile(path: string): Promise<readonly string[]> {
  const bytes = await readFile(path).catch(() => new Uint8Array(0));
  const records = await Promise.all(decodeRecords(bytes).map(openSignedAddresses));
  return records.map(({ peerId }) => peerId);
}
