// What every BlobExchange does, over any network.
import { expect } from "chai";
import { parseDigest } from "../../protocol/format/digest.ts";
import { blobDigest, chunkBytes, outlineOf } from "../../protocol/format/merkle.ts";
import type { BlobExchange, BlobStore } from "../../protocol/ports.ts";
import { chunkOf, expectCode, patternBytes } from "./blob-store.ts";

export interface ExchangeUnderTest {
  readonly exchange: BlobExchange;
  /** Where it stores fetched objects. */
  readonly local: BlobStore;
  /** Stores of two connected members. */
  readonly remotes: readonly [BlobStore, BlobStore];
  close(): Promise<void>;
}

export function blobExchangeSuite(name: string, open: () => Promise<ExchangeUnderTest>): void {
  describe(`${name} as a BlobExchange`, () => {
    let peers: ExchangeUnderTest;
    beforeEach(async () => {
      peers = await open();
    });
    afterEach(() => peers.close());

    for (const size of [0, 1, chunkBytes, 2 * chunkBytes + 3]) {
      it(`fetches an object of ${size} bytes`, async () => {
        const bytes = patternBytes(size);
        const digest = await peers.remotes[1].put(bytes);
        await peers.exchange.fetch(digest, { maxBytes: size });
        expect(Buffer.compare(await peers.local.get(digest, { maxBytes: size }), bytes)).to.equal(0);
      });
    }

    it("resolves at once for a local object, with any peers connected", async () => {
      const digest = await peers.local.put(patternBytes(10));
      await peers.exchange.fetch(digest, { maxBytes: 10 });
    });

    it("refuses what is larger than the caller allows, here or there", async () => {
      const here = await peers.local.put(patternBytes(10));
      await expectCode(() => peers.exchange.fetch(here, { maxBytes: 9 }), "BLOB_TOO_LARGE");
      const there = await peers.remotes[0].put(patternBytes(20));
      await expectCode(() => peers.exchange.fetch(there, { maxBytes: 19 }), "BLOB_TOO_LARGE");
      expect(await peers.local.has(there)).to.equal(false);
    });

    it("says BLOB_UNAVAILABLE for what nobody has", async () => {
      const unknown = parseDigest(`0x${"ab".repeat(32)}`);
      await expectCode(() => peers.exchange.fetch(unknown, { maxBytes: 10 }), "BLOB_UNAVAILABLE");
    });

    it("continues from the chunks that an earlier fetch left", async () => {
      const bytes = patternBytes(3 * chunkBytes);
      const digest = blobDigest(bytes);
      const writer = await peers.local.writer(digest, outlineOf(bytes));
      await writer.write(1, chunkOf(bytes, 1));
      await writer.close();
      await peers.remotes[0].put(bytes);
      await peers.exchange.fetch(digest, { maxBytes: bytes.byteLength });
      expect(Buffer.compare(await peers.local.get(digest, { maxBytes: bytes.byteLength }), bytes)).to.equal(0);
    });

    it("fetches one object once for several concurrent callers", async () => {
      const bytes = patternBytes(2 * chunkBytes);
      const digest = await peers.remotes[0].put(bytes);
      const wanting = Array.from({ length: 5 }, () => peers.exchange.fetch(digest, { maxBytes: bytes.byteLength }));
      await Promise.all(wanting);
      expect(await peers.local.has(digest)).to.equal(true);
    });

    it("fetches many objects at the same time", async () => {
      const all = Array.from({ length: 20 }, (_, index) => patternBytes(5000 + index, index + 2));
      const digests = await Promise.all(all.map((bytes, index) => (peers.remotes[index % 2] as BlobStore).put(bytes)));
      await Promise.all(digests.map((digest) => peers.exchange.fetch(digest, { maxBytes: 10_000 })));
      for (const digest of digests) expect(await peers.local.has(digest)).to.equal(true);
    });

    it("stops when it is told to, and can be asked again", async () => {
      const bytes = patternBytes(2 * chunkBytes);
      const digest = await peers.remotes[0].put(bytes);
      const gone = AbortSignal.abort();
      await expectCode(() => peers.exchange.fetch(digest, { maxBytes: 1 << 30, signal: gone }), "ABORTED");
      const control = new AbortController();
      const fetching = peers.exchange.fetch(digest, { maxBytes: 1 << 30, signal: control.signal });
      control.abort();
      await expectCode(() => fetching, "ABORTED");
      await peers.exchange.fetch(digest, { maxBytes: 1 << 30 });
      expect(await peers.local.has(digest)).to.equal(true);
    });
  });
}
