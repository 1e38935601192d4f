// Deleting what others keep: whatever the members do at the same time, an audit finds every object at three of them.
import { expect } from "chai";
import type { DiskSpace } from "../../io/store/disk-space.ts";
import { copiesKept, keepersOf, largeObjectsOf } from "../../party/keepers.ts";
import { StoreCare } from "../../party/store-care.ts";
import type { Member } from "../../protocol/contract/round.ts";
import type { Digest } from "../../protocol/format/digest.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { addressOf, FakeFederation, type Site } from "../fakes/federation.ts";

const rounds = 8;
const { signal } = new AbortController();

function membersOf(count: number): Member[] {
  return Array.from({ length: count }, (_, index) => {
    return { index, role: "hospital", address: addressOf(index), peerId: `peer ${index}`, active: true };
  });
}

describe("the members that keep an object", () => {
  it("are three, the same for everyone, and few objects move when a member leaves", () => {
    const members = membersOf(20);
    const fewer = members.map((each) => (each.index === 7 ? { ...each, active: false } : each));
    const load = new Map<number, number>();
    for (let at = 0; at < 400; at++) {
      const digest = blobDigest(Buffer.from(`object ${at}`));
      const keepers = keepersOf(digest, members).map(({ index }) => index);
      expect(new Set(keepers).size).to.equal(copiesKept);
      expect(keepersOf(digest, [...members].reverse()).map(({ index }) => index)).to.deep.equal(keepers);
      const after = keepersOf(digest, fewer).map(({ index }) => index);
      expect(after).to.include.members(keepers.filter((index) => index !== 7));
      for (const index of keepers) load.set(index, (load.get(index) ?? 0) + 1);
    }
    for (const { index } of members) expect(load.get(index)).to.be.within(30, 95);
  });

  it("have bound a peer key and are active", () => {
    const members = membersOf(5).map((each) => (each.index < 2 ? { ...each, peerId: undefined } : each));
    expect(keepersOf(blobDigest(Buffer.from("x")), members).map(({ index }) => index)).to.have.members([2, 3, 4]);
  });
});

describe("the care for a store", () => {
  let federation: FakeFederation;
  let sites: readonly Site[];
  before(async function () {
    this.timeout(60_000);
    federation = await FakeFederation.create({ hospitals: 8, plan: { rounds } });
    sites = [...federation.hospitals, ...federation.aggregators];
    federation.start();
    await federation.runUntil(() => federation.finals.length === rounds, { withinSeconds: 3000 });
  });
  const members = async () =>
    (await federation.chain.ledger(undefined).members()).map((each) => ({ ...each, peerId: `peer ${each.index}` }));

  /** @param serves whether a member answers what it holds */
  function careOf(
    site: Site,
    stores: ReadonlyMap<string, Set<Digest>>,
    {
      maxBytes,
      serves = () => true,
      disk,
    }: { maxBytes?: number; serves?: (member: string) => boolean; disk?: DiskSpace },
  ): StoreCare {
    const { address: self, store: files, log } = site;
    const own = stores.get(self)!;
    const ledger = { ...federation.chain.ledger(self), members };
    const sizeOf = (digest: Digest) => files.blobs.get(digest)!.byteLength;
    const blobs = {
      put: (bytes: Uint8Array) => files.put(bytes),
      has: async (digest: Digest) => own.has(digest),
      outline: (digest: Digest) => files.outline(digest),
      read: (digest: Digest, offset: number, length: number) => files.read(digest, offset, length),
      get: (digest: Digest, limits: { maxBytes: number }) => files.get(digest, limits),
      writer: () => files.writer(),
      remove: async (digest: Digest) => void own.delete(digest),
      usage: () => {
        if (maxBytes === undefined) return undefined;
        return { usedBytes: [...own].reduce((sum, digest) => sum + sizeOf(digest), 0), maxBytes };
      },
      close: async () => {},
    };
    const exchange = {
      fetch: async (digest: Digest) => {
        if (![...stores.values()].some((each) => each.has(digest))) throw new Error("nobody has it");
        own.add(digest);
      },
    };
    const holds = async (member: string, digest: Digest) =>
      serves(member) && (stores.get(member)?.has(digest) ?? false);
    const diskSpace = async () => disk ?? { freeBytes: 2 ** 40, totalBytes: 2 ** 41 };
    const ports = { self, ledger, blobs, exchange, holds, diskSpace, clock: federation.time, log };
    return new StoreCare(ports, { maxModelBytes: 2 ** 20, smallBytes: 0 });
  }

  const holdings = () => new Map(sites.map(({ address, store }) => [address as string, new Set(store.blobs.keys())]));
  const allObjects = async () => {
    const found: { readonly digest: Digest; readonly maker: string | undefined; readonly round: number }[] = [];
    for (const round of federation.chain.rounds) {
      const objects = await largeObjectsOf(round, federation.aggregators[0]!.store);
      for (const each of objects) found.push({ ...each, round: round.id });
    }
    return found;
  };

  it("leaves each model and update at three members or more, even if all delete at the same time", async () => {
    const stores = holdings();
    await Promise.all(sites.map((site) => careOf(site, stores, { maxBytes: 1000 }).look(signal)));
    const all = await members();
    const kept = rounds - 4;
    const needed = new Set(federation.chain.rounds.slice(kept).map(({ base }) => base));
    for (const { digest, maker, round } of await allObjects()) {
      const holders = [...stores].filter(([, objects]) => objects.has(digest)).map(([address]) => address);
      const keepers = keepersOf(digest, all).map(({ address }) => address as string);
      const isKeptByAll = round > kept || needed.has(digest);
      const expected = isKeptByAll ? sites.map(({ address }) => address) : [...keepers, ...(maker ? [maker] : [])];
      expect(new Set(holders), `round ${round}`).to.deep.equal(new Set(expected));
    }
  });

  it("deletes nothing that one of its keepers does not confirm, and nothing within the limit", async () => {
    const [site] = federation.hospitals;
    const stores = holdings();
    const before = stores.get(site!.address)!.size;
    const silent = federation.hospitals[3]!.address;
    await careOf(site!, stores, { maxBytes: 2 ** 40 }).look(signal);
    await careOf(site!, stores, {}).look(signal);
    expect(stores.get(site!.address)!.size).to.equal(before);
    await careOf(site!, stores, { maxBytes: 1000, serves: (member) => member !== silent }).look(signal);
    const all = await members();
    for (const { digest } of await allObjects()) {
      if (stores.get(site!.address)!.has(digest)) continue;
      expect(keepersOf(digest, all).map(({ address }) => address)).not.to.include(silent);
    }
    expect(stores.get(site!.address)!.size).to.be.below(before);
  });

  it("fetches what it must keep and lacks: all small objects, and its share of the large ones", async () => {
    const [site] = federation.hospitals;
    const stores = holdings();
    const own = stores.get(site!.address)!;
    // The files of the fake store are still there: a manifest that was fetched can be read.
    own.clear();
    await careOf(site!, stores, {}).look(signal);
    const all = await members();
    for (const round of federation.chain.rounds.slice(0, -1)) {
      for (const { manifest } of round.commitments) expect(own.has(manifest)).to.equal(true);
      for (const { digest } of await largeObjectsOf(round, site!.store)) {
        const mustKeep = keepersOf(digest, all).some(({ address }) => address === site!.address);
        if (mustKeep) expect(own.has(digest)).to.equal(true);
      }
    }
  });

  it("warns once of a disk that is nearly full, and again after it had room", async () => {
    const [site] = federation.hospitals;
    const warnings = () => site!.log.lines.filter(({ event }) => event === "disk-nearly-full").length;
    const disk = { freeBytes: 2 ** 30, totalBytes: 2 ** 40 };
    const care = careOf(site!, holdings(), { disk });
    for (const [freeBytes, expected] of [
      [2 ** 30, 1],
      [2 ** 30, 1],
      [2 ** 39, 1],
      [2 ** 30, 2],
    ] as const) {
      disk.freeBytes = freeBytes;
      await care.look(signal);
      expect(warnings()).to.equal(expected);
    }
  });
});
