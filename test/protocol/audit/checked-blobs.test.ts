import { expect } from "chai";
import { checkedBlobs, type ObjectSource } from "../../../protocol/audit/checked-blobs.ts";
import { jointSource, localExchange } from "../../../protocol/audit/local-objects.ts";
import { type Digest, parseDigest } from "../../../protocol/format/digest.ts";
import { chunkBytes, outlineDigest, outlineOf } from "../../../protocol/format/merkle.ts";
import { FakeStore } from "../../fakes/network.ts";

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    ({ code }) => code as string,
  );
const nothing = parseDigest(`0x${"ab".repeat(32)}`);
const pattern = (length: number, salt = 0) => Uint8Array.from({ length }, (_, i) => (i * 31 + salt) >>> 2);

/** Counts the bytes that are read of a store. */
function counting(store: FakeStore): ObjectSource & { bytes: number } {
  const counter = {
    bytes: 0,
    has: (digest: Digest) => store.has(digest),
    outline: (digest: Digest) => store.outline(digest),
    read: (digest: Digest, offset: number, length: number) => {
      counter.bytes += length;
      return store.read(digest, offset, length);
    },
  };
  return counter;
}

describe("objects under the audit's own hash", () => {
  it("are read once, and then from memory", async () => {
    const store = new FakeStore();
    const bytes = pattern(2 * chunkBytes + 5);
    const digest = await store.put(bytes);
    const source = counting(store);
    const { blobs, counts } = checkedBlobs(source);
    expect((await blobs.outline(digest)).size).to.equal(bytes.length);
    expect(Buffer.compare(await blobs.get(digest, { maxBytes: bytes.length }), bytes)).to.equal(0);
    const across = await blobs.read(digest, chunkBytes - 10, 20);
    expect(Buffer.compare(across, bytes.subarray(chunkBytes - 10, chunkBytes + 10))).to.equal(0);
    expect((await blobs.read(digest, bytes.length - 3, 100)).length).to.equal(3);
    expect((await blobs.read(digest, bytes.length + 3, 100)).length).to.equal(0);
    expect(source.bytes).to.equal(bytes.length);
    expect(counts()).to.deep.equal({ objects: 1, bytes: bytes.length });
  });

  it("are hashed again when they are read again, so that what changes meanwhile is found", async () => {
    const store = new FakeStore();
    const digest = await store.put(pattern(3 * chunkBytes));
    const { blobs } = checkedBlobs(store, { keptChunks: 1 });
    await blobs.outline(digest);
    expect((await blobs.read(digest, 0, 10)).length).to.equal(10);
    const changed = store.blobs.get(digest) as Uint8Array;
    changed[chunkBytes + 7] = changed[chunkBytes + 7]! ^ 1;
    expect(await codeOf(blobs.read(digest, chunkBytes, 10))).to.equal("BLOB_CORRUPT");
    expect(await codeOf(blobs.read(digest, 2 * chunkBytes, 10))).to.equal(undefined);
  });

  it("may have the names of version 0.1.0, but none by leaves of two sizes, which no node takes either", async () => {
    const store = new FakeStore();
    const bytes = pattern(2 * chunkBytes);
    const [large, small] = [outlineOf(bytes), outlineOf(bytes, 1024)];
    const mixed = { ...large, chunkRoots: large.chunkRoots.with(1, small.chunkRoots[1]!) };
    const [old, none] = [small, mixed].map(outlineDigest) as [Digest, Digest];
    for (const name of [old, none]) store.blobs.set(name, bytes);
    const { blobs } = checkedBlobs(store, { keptChunks: 1 });
    expect(await blobs.outline(old)).to.deep.equal(small);
    expect(Buffer.compare(await blobs.get(old, { maxBytes: bytes.length }), bytes)).to.equal(0);
    expect(await codeOf(blobs.outline(none))).to.equal("BLOB_CORRUPT");
  });

  it("are refused whole where one byte is wrong, wherever one reads", async () => {
    const store = new FakeStore();
    const digest = await store.put(pattern(2 * chunkBytes));
    const bytes = store.blobs.get(digest) as Uint8Array;
    bytes[2 * chunkBytes - 1] = bytes[2 * chunkBytes - 1]! ^ 128;
    const { blobs, counts } = checkedBlobs(store);
    expect(await codeOf(blobs.read(digest, 0, 1))).to.equal("BLOB_CORRUPT");
    expect(counts()).to.deep.equal({ objects: 0, bytes: 0 });
  });

  it("are not larger than the reader takes, and are never written", async () => {
    const store = new FakeStore();
    const digest = await store.put(pattern(100));
    const { blobs } = checkedBlobs(store);
    expect(await codeOf(blobs.get(digest, { maxBytes: 99 }))).to.equal("BLOB_TOO_LARGE");
    expect(await codeOf(blobs.put(pattern(1)))).to.equal("STORE_READ_ONLY");
  });
});

describe("objects on this machine", () => {
  it("come from the first place that has them, and from nowhere else", async () => {
    const [first, second] = [new FakeStore(), new FakeStore()];
    const one = await first.put(pattern(10, 1));
    const two = await second.put(pattern(20, 2));
    const joint = jointSource([first, second]);
    expect([await joint.has(one), await joint.has(two), await joint.has(nothing)]).to.deep.equal([true, true, false]);
    expect((await joint.outline(two)).size).to.equal(20);
    expect((await joint.read(one, 0, 10)).length).to.equal(10);
    expect(await codeOf(joint.read(nothing, 0, 1))).to.equal("BLOB_UNKNOWN");
    const exchange = localExchange(joint);
    await exchange.fetch(two, { maxBytes: 20 });
    expect(await codeOf(exchange.fetch(two, { maxBytes: 19 }))).to.equal("BLOB_TOO_LARGE");
    expect(await codeOf(exchange.fetch(nothing, { maxBytes: 1 }))).to.equal("BLOB_UNAVAILABLE");
  });
});
