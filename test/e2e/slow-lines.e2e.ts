// Objects over lines as hospitals have them, between processes in network namespaces: slow and lossy, cut for a while, behind
// address translation, with a source that dies, with an upload limit. All lines work at the same time.
//   CONSILIUM_LINE_MIB=100 CONSILIUM_CUT_SECONDS=30 npm run test:e2e -- test/e2e/slow-lines.e2e.ts     a large object, by hand
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { chunkBytes } from "../../protocol/format/merkle.ts";
import { until } from "../io/p2p/federation-of-peers.ts";
import { type LineOptions, type NetworkSite, NetworkSites, whyNoNamespaces } from "./network/namespaces.ts";
import { namePeers, type PeerName, RemotePeer } from "./network/remote-peer.ts";

const slowObject = Number(process.env["CONSILIUM_LINE_MIB"] ?? 3) * 2 ** 20;
const cutSeconds = Number(process.env["CONSILIUM_CUT_SECONDS"] ?? 10);
const patience = { withinMs: 3_600_000 };

const goodLine: LineOptions = { mbit: 200, oneWayMs: 2, lossPercent: 0 };
const slowLine: LineOptions = { mbit: 5, oneWayMs: 100, lossPercent: 2 };
/** Round trip 200 ms and 2 % loss. Headers and what is sent again take a part of the line. */
const overhead = 1.15;

describe("objects over real lines", function () {
  this.timeout(3_600_000);
  let dir: string;
  let sites: NetworkSites;
  let names: readonly PeerName[];
  const peers: RemotePeer[] = [];
  let scenarios: Record<"slow" | "killed" | "limited" | "translated", Promise<unknown>>;

  before(async function () {
    const reason = await whyNoNamespaces();
    if (reason !== undefined) {
      console.log(`    skipped: ${reason}`);
      return this.skip();
    }
    dir = await mkdtemp(join(tmpdir(), "consilium-lines-"));
    sites = await NetworkSites.open();
    names = await namePeers(10);
    // One after the other, since processes start slowly; then all at once.
    const begun = [await slow(), await killed(), await limited(), await translated()] as const;
    const [slowEnd, killedEnd, limitedEnd, translatedEnd] = begun.map((scenario) => {
      const ended = scenario();
      ended.catch(() => {}); // the test that waits for it reports it
      return ended;
    });
    scenarios = { slow: slowEnd!, killed: killedEnd!, limited: limitedEnd!, translated: translatedEnd! };
  });
  after(async () => {
    await Promise.all(peers.map((peer) => peer.kill()));
    await sites?.close();
    if (dir !== undefined) await rm(dir, { recursive: true, force: true });
  });

  it("complete over 5 Mbit/s with 200 ms and 2 % loss, and after a cut with at most one chunk sent twice", async () => {
    await scenarios.slow;
  });
  it("complete when one of two sources is killed in mid-transfer", async () => {
    await scenarios.killed;
  });
  it("leave a node no faster than its upload limit", async () => {
    await scenarios.limited;
  });
  it("come from behind address translation through a relay, also after the translation forgot idle connections", async () => {
    await scenarios.translated;
  });

  /** Starts a peer. @returns it, and how others reach it */
  async function startPeer(
    name: PeerName,
    site: NetworkSite,
    options: { peers?: readonly string[]; listen?: string; relay?: boolean; uploadBytesPerSecond?: number } = {},
  ): Promise<{ peer: RemotePeer; address: string }> {
    const { listen = `/ip4/${site.address}/tcp/4710`, peers: dialled = [], ...others } = options;
    const own = { key: name.key, members: names, dir: join(dir, name.peerId), listen: [listen], peers: dialled };
    const peer = await RemotePeer.start(site, { ...own, ...others });
    peers.push(peer);
    return { peer, address: `${listen}/p2p/${name.peerId}` };
  }

  const connected = (peer: RemotePeer, name: PeerName) => async () =>
    (await peer.tell<readonly string[]>({ kind: "connected" })).includes(name.member);
  /** As a party fetches: again and again until it has the object. */
  const fetchAtLast = (peer: RemotePeer, digest: string) =>
    until(
      () =>
        peer.tell({ kind: "fetch", digest }).then(
          () => true,
          () => false,
        ),
      patience,
    );
  const receivedBy = (site: NetworkSite, bytes: number, since = 0) =>
    until(async () => (await site.count()).received - since > bytes, patience);

  async function slow(): Promise<() => Promise<void>> {
    const [a, b] = [await sites.addSite(goodLine), await sites.addSite(slowLine)];
    const source = await startPeer(names[0]!, a);
    const sink = await startPeer(names[1]!, b, { peers: [source.address] });
    await until(connected(sink.peer, names[0]!), patience);
    const digest = await source.peer.tell<string>({ kind: "put", bytes: slowObject, seed: 1 });
    return async () => {
      const before = (await b.count()).received;
      const started = performance.now();
      const fetched = fetchAtLast(sink.peer, digest);
      await receivedBy(b, slowObject / 2, before);
      await b.tell("cut");
      await delay(cutSeconds * 1000); // the cut is what is tested
      await b.tell("heal");
      await fetched;
      const received = (await b.count()).received - before;
      const seconds = (performance.now() - started) / 1000;
      console.log(`    ${slowObject} bytes in ${seconds.toFixed(0)} s, ${received} on the line`);
      expect(received).to.be.below(slowObject * overhead + chunkBytes * overhead);
    };
  }

  async function killed(): Promise<() => Promise<void>> {
    const all = [await sites.addSite(goodLine), await sites.addSite(goodLine), await sites.addSite(goodLine)] as const;
    const limit = { uploadBytesPerSecond: 2 ** 20 };
    const first = await startPeer(names[2]!, all[0], limit);
    const second = await startPeer(names[3]!, all[1], limit);
    const sink = await startPeer(names[4]!, all[2], { peers: [first.address, second.address] });
    for (const name of [names[2]!, names[3]!]) await until(connected(sink.peer, name), patience);
    const bytes = 12 * chunkBytes;
    const digest = await first.peer.tell<string>({ kind: "put", bytes, seed: 2 });
    await second.peer.tell({ kind: "put", bytes, seed: 2 });
    return async () => {
      const fetched = fetchAtLast(sink.peer, digest);
      await receivedBy(all[2], bytes / 3);
      await first.peer.kill();
      await fetched;
      expect((await all[2].count()).received).to.be.below((bytes + 4 * chunkBytes) * overhead);
    };
  }

  async function limited(): Promise<() => Promise<void>> {
    const [a, b] = [await sites.addSite(goodLine), await sites.addSite(goodLine)];
    const uploadBytesPerSecond = 4 * 125_000; // maxUploadMbit 4
    const source = await startPeer(names[5]!, a, { uploadBytesPerSecond });
    const sink = await startPeer(names[6]!, b, { peers: [source.address] });
    await until(connected(sink.peer, names[5]!), patience);
    const bytes = 4 * chunkBytes;
    const digest = await source.peer.tell<string>({ kind: "put", bytes, seed: 3 });
    return async () => {
      const before = (await a.count()).sent;
      const started = performance.now();
      await fetchAtLast(sink.peer, digest);
      const rate = ((await a.count()).sent - before) / ((performance.now() - started) / 1000);
      expect(rate).to.be.below(uploadBytesPerSecond * overhead);
    };
  }

  async function translated(): Promise<() => Promise<void>> {
    const [open, behind, far] = [
      await sites.addSite(goodLine),
      await sites.addSite({ ...goodLine, nat: true }),
      await sites.addSite(goodLine),
    ];
    const relay = await startPeer(names[7]!, open, { relay: true });
    const hidden = await startPeer(names[8]!, behind, { peers: [relay.address], listen: "/p2p-circuit" });
    const other = await startPeer(names[9]!, far, { peers: [relay.address] });
    // The hidden member's address is learnt: it is written in no configuration.
    await until(connected(other.peer, names[8]!), patience);
    const first = await hidden.peer.tell<string>({ kind: "put", bytes: 3 * chunkBytes, seed: 4 });
    return async () => {
      await fetchAtLast(other.peer, first);
      await behind.tell("forget");
      const second = await hidden.peer.tell<string>({ kind: "put", bytes: 2 * chunkBytes, seed: 5 });
      await fetchAtLast(other.peer, second);
    };
  }
});
