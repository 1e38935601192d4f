// The file store on a real disk: the shared suite, and what only files can suffer.
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openBlobStore } from "../../../io/store/blob-store.ts";
import type { Digest } from "../../../protocol/format/digest.ts";
import { chunkBytes, outlineDigest, outlineOf } from "../../../protocol/format/merkle.ts";
import { blobStoreSuite, chunkOf, expectCode, patternBytes } from "../../suites/blob-store.ts";

blobStoreSuite("the store of files", async () => {
  const dir = await mkdtemp(join(tmpdir(), "consilium-blobs-"));
  const store = await openBlobStore(dir);
  const close = async () => {
    await store.close();
    await rm(dir, { recursive: true });
  };
  return { store, close };
});

describe("the store of files, on a disk that fails", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "consilium-blobs-"));
  });
  afterEach(() => rm(dir, { recursive: true }));
  const fileOf = (digest: Digest) => join(dir, "objects", digest.slice(2, 4), digest.slice(4));

  async function storedThenReopened(size: number) {
    const first = await openBlobStore(dir);
    const bytes = patternBytes(size);
    const digest = await first.put(bytes);
    await first.close();
    return { bytes, digest };
  }

  it("has its objects after reopening", async () => {
    const { bytes, digest } = await storedThenReopened(chunkBytes + 5);
    const store = await openBlobStore(dir);
    expect(Buffer.compare(await store.get(digest, { maxBytes: bytes.byteLength }), bytes)).to.equal(0);
    await store.close();
  });

  it("never returns a flipped bit: BLOB_CORRUPT, then unknown, then whole again once put or fetched", async () => {
    const { bytes, digest } = await storedThenReopened(2 * chunkBytes);
    const damaged = await readFile(fileOf(digest));
    damaged[chunkBytes + 1] = damaged[chunkBytes + 1]! ^ 4;
    await writeFile(fileOf(digest), damaged);
    const store = await openBlobStore(dir);
    expect((await store.read(digest, 10, 20)).byteLength, "the intact chunk").to.equal(20);
    await expectCode(() => store.read(digest, chunkBytes + 900, 5), "BLOB_CORRUPT");
    expect(await store.has(digest)).to.equal(false);
    await store.put(bytes);
    expect(Buffer.compare(await store.get(digest, { maxBytes: bytes.byteLength }), bytes)).to.equal(0);
    await store.close();
  });

  it("hashes again at every get, also what it read before", async () => {
    const { bytes, digest } = await storedThenReopened(1000);
    const store = await openBlobStore(dir);
    await store.get(digest, { maxBytes: 1000 });
    await writeFile(fileOf(digest), patternBytes(1000, 2));
    await expectCode(() => store.get(digest, { maxBytes: bytes.byteLength }), "BLOB_CORRUPT");
    await store.close();
  });

  it("finds a truncated and a missing file", async () => {
    const { digest } = await storedThenReopened(3000);
    const store = await openBlobStore(dir);
    await truncate(fileOf(digest), 2999);
    await expectCode(() => store.get(digest, { maxBytes: 3000 }), "BLOB_CORRUPT");
    const again = await store.put(patternBytes(3000));
    await rm(fileOf(again));
    await expectCode(() => store.get(again, { maxBytes: 3000 }), "BLOB_CORRUPT");
    expect(await store.has(again)).to.equal(false);
    await store.close();
  });

  it("fetches a chunk again that a partial file lost or garbled", async () => {
    const bytes = patternBytes(3 * chunkBytes);
    const first = await openBlobStore(dir);
    const digest = await first.put(bytes);
    await first.close();
    await rm(dir, { recursive: true });
    const store = await openBlobStore(dir);
    const writer = await store.writer(digest, outlineOf(bytes));
    for (const index of [0, 1, 2]) await writer.write(index, chunkOf(bytes, index));
    await writer.close();
    const partial = join(dir, "partial", digest.slice(2));
    const damaged = await readFile(partial);
    damaged[5] = damaged[5]! ^ 1;
    await writeFile(partial, damaged.subarray(0, 3 * chunkBytes - 1));
    const second = await store.writer(digest, outlineOf(bytes));
    expect(second.missing()).to.deep.equal([0, 2]);
    await second.close();
    await store.close();
  });

  it("takes an object of many chunks, several at once, and refuses a wrong chunk of it", async () => {
    const bytes = patternBytes(20 * chunkBytes + 7);
    const outline = outlineOf(bytes);
    const store = await openBlobStore(dir);
    const writer = await store.writer(outlineDigest(outline), outline);
    for (let index = 0; index < 8; index++) await writer.write(index, chunkOf(bytes, index));
    await expectCode(() => writer.write(8, chunkOf(bytes, 9)), "CHUNK_CORRUPT");
    const others = Array.from({ length: 13 }, (_, index) => 8 + index);
    const wrong = others.map((index) =>
      expectCode(() => writer.write(index, chunkOf(bytes, index - 1)), "CHUNK_CORRUPT"),
    );
    await Promise.all([...wrong, ...others.map((index) => writer.write(index, chunkOf(bytes, index)))]);
    await writer.finish();
    const kept = await store.get(outlineDigest(outline), { maxBytes: bytes.byteLength });
    expect(Buffer.compare(kept, bytes)).to.equal(0);
    await store.close();
  });

  it("removes what a killed put left", async () => {
    await (await openBlobStore(dir)).close();
    await writeFile(join(dir, "temp", "0123"), "half");
    const store = await openBlobStore(dir);
    expect(await readdir(join(dir, "temp"))).to.deep.equal([]);
    await store.close();
  });

  it("is open in one process at a time", async () => {
    const store = await openBlobStore(dir);
    await expectCode(() => openBlobStore(dir), "STORE_LOCKED");
    await store.close();
  });
});
