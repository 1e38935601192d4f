// The behaviour of every BlobStore.
import { expect } from "chai";
import { type ErrorCode, isFedError } from "../../foundation/errors.ts";
import { type Digest, parseDigest } from "../../protocol/format/digest.ts";
import { blobDigest, chunkBytes, outlineDigest, outlineOf } from "../../protocol/format/merkle.ts";
import type { BlobStore } from "../../protocol/ports.ts";

/** @param open a store without objects; called before each test */
export function blobStoreSuite(name: string, open: () => Promise<{ store: BlobStore; close(): Promise<void> }>): void {
  describe(`${name} as a BlobStore`, () => {
    let store: BlobStore;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ store, close } = await open());
    });
    afterEach(() => close());

    const sizes = [0, 1, 1024, 1025, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes + 77];
    for (const size of sizes) {
      it(`gives back an object of ${size} bytes under its Merkle digest`, async () => {
        const bytes = patternBytes(size);
        const digest = await store.put(bytes);
        expect(digest).to.equal(blobDigest(bytes));
        expect(await store.has(digest)).to.equal(true);
        expect(Buffer.compare(await store.get(digest, { maxBytes: size }), bytes)).to.equal(0);
        expect(await store.outline(digest)).to.deep.equal(outlineOf(bytes));
      });
    }

    it("reads any range, and fewer bytes at the end", async () => {
      const bytes = patternBytes(2 * chunkBytes + 500);
      const digest = await store.put(bytes);
      for (const [offset, length] of [
        [0, 10],
        [chunkBytes - 3, 7],
        [chunkBytes, chunkBytes],
        [5, 2 * chunkBytes],
        [2 * chunkBytes + 490, 100],
        [bytes.byteLength, 4],
        [bytes.byteLength + 9, 4],
      ] as const) {
        const expected = bytes.subarray(offset, offset + length);
        expect(Buffer.compare(await store.read(digest, offset, length), expected), `${offset}+${length}`).to.equal(0);
      }
    });

    it("refuses what it does not have with BLOB_UNKNOWN", async () => {
      const unknown = parseDigest(`0x${"ab".repeat(32)}`);
      expect(await store.has(unknown)).to.equal(false);
      await expectCode(() => store.get(unknown, { maxBytes: 1 }), "BLOB_UNKNOWN");
      await expectCode(() => store.read(unknown, 0, 1), "BLOB_UNKNOWN");
      await expectCode(() => store.outline(unknown), "BLOB_UNKNOWN");
    });

    it("refuses to load more than the caller allows", async () => {
      const digest = await store.put(patternBytes(2000));
      await expectCode(() => store.get(digest, { maxBytes: 1999 }), "BLOB_TOO_LARGE");
    });

    it("takes the same object twice", async () => {
      const bytes = patternBytes(5000);
      const digests = await Promise.all([store.put(bytes), store.put(bytes)]);
      expect(digests[0]).to.equal(digests[1]);
      expect(Buffer.compare(await store.get(digests[0], { maxBytes: 5000 }), bytes)).to.equal(0);
    });

    it("assembles an object from chunks in any order", async () => {
      const { bytes, digest, writer } = await newWriter(store, 3 * chunkBytes + 9);
      expect(writer.missing()).to.deep.equal([0, 1, 2, 3]);
      for (const index of [2, 0, 3, 1]) await writer.write(index, chunkOf(bytes, index));
      expect(writer.missing()).to.deep.equal([]);
      expect(await store.has(digest), "not before finish").to.equal(false);
      await writer.finish();
      expect(Buffer.compare(await store.get(digest, { maxBytes: bytes.byteLength }), bytes)).to.equal(0);
    });

    it("assembles an object of no bytes", async () => {
      const { digest, writer } = await newWriter(store, 0);
      expect(writer.missing()).to.deep.equal([]);
      await writer.finish();
      expect((await store.get(digest, { maxBytes: 0 })).byteLength).to.equal(0);
    });

    it("refuses a wrong, short, long or misplaced chunk and continues", async () => {
      const { bytes, writer } = await newWriter(store, 2 * chunkBytes + 10);
      const flipped = chunkOf(bytes, 0).slice();
      flipped[77] = flipped[77]! ^ 1;
      const wrong: [number, Uint8Array][] = [
        [0, flipped],
        [0, chunkOf(bytes, 1)],
        [0, chunkOf(bytes, 0).subarray(1)],
        [2, new Uint8Array(chunkBytes)],
        [2, new Uint8Array(0)],
        [3, new Uint8Array(0)],
        [-1, chunkOf(bytes, 0)],
        [0.5, chunkOf(bytes, 0)],
      ];
      for (const [index, chunk] of wrong) await expectCode(() => writer.write(index, chunk), "CHUNK_CORRUPT");
      expect(writer.missing()).to.deep.equal([0, 1, 2]);
      for (const index of [0, 1, 2]) await writer.write(index, chunkOf(bytes, index));
      await writer.finish();
    });

    it("does not finish an object with a hole", async () => {
      const { bytes, digest, writer } = await newWriter(store, 2 * chunkBytes);
      await writer.write(1, chunkOf(bytes, 1));
      await expectCode(() => writer.finish(), "BLOB_INCOMPLETE");
      expect(await store.has(digest)).to.equal(false);
      await writer.close();
    });

    it("continues where a closed writer stopped", async () => {
      const { bytes, digest, writer } = await newWriter(store, 4 * chunkBytes + 1);
      for (const index of [3, 1]) await writer.write(index, chunkOf(bytes, index));
      await writer.close();
      const second = await store.writer(digest, outlineOf(bytes));
      expect(second.missing()).to.deep.equal([0, 2, 4]);
      for (const index of second.missing()) await second.write(index, chunkOf(bytes, index));
      await second.finish();
      expect(Buffer.compare(await store.get(digest, { maxBytes: bytes.byteLength }), bytes)).to.equal(0);
    });

    it("takes a large object by the name of version 0.1.0, and none whose chunks are by leaves of two sizes", async () => {
      const bytes = patternBytes(2 * chunkBytes + 9);
      const [large, small] = [outlineOf(bytes), outlineOf(bytes, 1024)];
      const old = outlineDigest(small);
      const writer = await store.writer(old, small);
      for (const index of [2, 0, 1]) await writer.write(index, chunkOf(bytes, index));
      await writer.finish();
      expect(Buffer.compare(await store.get(old, { maxBytes: bytes.byteLength }), bytes)).to.equal(0);
      expect(await store.put(bytes, small)).to.equal(old);
      const mixed = { size: bytes.byteLength, chunkRoots: large.chunkRoots.with(1, small.chunkRoots[1]!) };
      const refused = await store.writer(outlineDigest(mixed), mixed);
      await refused.write(0, chunkOf(bytes, 0));
      await expectCode(() => refused.write(1, chunkOf(bytes, 1)), "CHUNK_CORRUPT");
      await refused.close();
    });

    it("refuses an outline that is not the digest's, before any chunk", async () => {
      const digest = blobDigest(patternBytes(10));
      await expectCode(() => store.writer(digest, outlineOf(patternBytes(11))), "OUTLINE_MALFORMED");
    });

    it("lets one writer at a time assemble an object", async () => {
      const { bytes, digest, writer } = await newWriter(store, 100);
      await expectCode(() => store.writer(digest, outlineOf(bytes)), "BLOB_BUSY");
      await writer.close();
      await (await store.writer(digest, outlineOf(bytes))).close();
    });
  });
}

/** Bytes that differ from chunk to chunk. */
export function patternBytes(size: number, salt = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = (salt * 2654435761) >>> 0 || 1;
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

export function chunkOf(bytes: Uint8Array, index: number): Uint8Array {
  return bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes);
}

export async function expectCode(work: () => Promise<unknown>, code: ErrorCode): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isFedError(error)) throw error;
    expect(error.code).to.equal(code);
    return;
  }
  throw new Error(`did not fail with ${code}`);
}

async function newWriter(store: BlobStore, size: number) {
  const bytes = patternBytes(size);
  const digest: Digest = blobDigest(bytes);
  return { bytes, digest, writer: await store.writer(digest, outlineOf(bytes)) };
}
