import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { parseDigest } from "../../../protocol/format/digest.ts";
import {
  blobDigest,
  blobNames,
  chunkBytes,
  chunkCheck,
  chunkRoot,
  isNameOf,
  outlineDigest,
  outlineNamed,
  outlineOf,
  treeRoot,
} from "../../../protocol/format/merkle.ts";

const sha256 = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();

/** RFC 6962, section 2.1, word for word. */
function rfc6962(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return sha256(Uint8Array.of(0), leaves[0]!);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Uint8Array.of(1), rfc6962(leaves.slice(0, split)), rfc6962(leaves.slice(split)));
}

function leavesOf(bytes: Uint8Array, leaf: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / leaf);
  return Array.from({ length: count }, (_, i) => bytes.subarray(leaf * i, leaf * (i + 1)));
}

const [small, large] = [1024, 16_384];
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7919) >>> 3);

describe("an object's name", () => {
  for (const leaf of [small, large]) {
    it(`is made of the tree of RFC 6962 over leaves of ${leaf} bytes, for every number of leaves`, () => {
      const whole = [0, 1, 2, 3, 5, 7, 33, 64].map((leaves) => leaves * leaf);
      for (const length of [...whole, 1, leaf - 1, leaf + 1, 2 * leaf + 1, 5 * leaf + 1, 33 * leaf + 512]) {
        const bytes = pattern(length);
        expect(hex(chunkRoot(bytes, leaf)), `${length} bytes`).to.equal(hex(rfc6962(leavesOf(bytes, leaf))));
      }
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 * leaf }), (bytes) => {
          expect(hex(chunkRoot(bytes, leaf))).to.equal(hex(rfc6962(leavesOf(bytes, leaf))));
        }),
        { numRuns: 25, seed: 1 },
      );
    });
  }

  it("is one tree over all leaves, though it is made chunk by chunk: small ones to one chunk, large ones from there", () => {
    for (const length of [chunkBytes, chunkBytes + 1, 3 * chunkBytes - 5, 2 * chunkBytes + large]) {
      const bytes = pattern(length);
      const { chunkRoots, size } = outlineOf(bytes);
      expect(size).to.equal(length);
      const leaves = leavesOf(bytes, length > chunkBytes ? large : small);
      expect(hex(treeRoot(chunkRoots)), `${length} bytes`).to.equal(hex(rfc6962(leaves)));
    }
  });

  it("may be that of version 0.1.0, whose large objects had small leaves too", () => {
    const bytes = pattern(3 * chunkBytes + 77);
    const old = parseDigest("0x434781acb5f66029ad693fff1154f2317bfb11361f8b5d285fd5261a66f5a110");
    expect(blobNames(bytes)).to.deep.equal([blobDigest(bytes), old]);
    for (const name of blobNames(bytes)) {
      expect(isNameOf(name, bytes)).to.equal(true);
      expect(outlineDigest(outlineNamed(bytes, name)!)).to.equal(name);
      expect(isNameOf(name, bytes.with(0, 1))).to.equal(false);
    }
    expect(blobNames(pattern(chunkBytes))).to.have.length(1);
  });

  it("checks the chunks of one object by leaves of one size", () => {
    const bytes = pattern(2 * chunkBytes + 1);
    const chunk = (index: number) => bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes);
    const [byLarge, bySmall] = [outlineOf(bytes), outlineOf(bytes, small)];
    for (const outline of [byLarge, bySmall]) {
      const isChunk = chunkCheck(outline);
      // The last one, of one byte, has the same root by both.
      expect([2, 1, 0].map((index) => isChunk(index, chunk(index)))).to.deep.equal([true, true, true]);
      expect([isChunk(0, chunk(0).with(9, 99)), isChunk(3, chunk(2))]).to.deep.equal([false, false]);
    }
    const mixed = [byLarge.chunkRoots[0]!, bySmall.chunkRoots[1]!, bySmall.chunkRoots[2]!];
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const isChunk = chunkCheck({ size: bytes.length, chunkRoots: mixed });
      expect(order.map((index) => isChunk(index, chunk(index)))).to.deep.equal([true, false]);
    }
  });

  it("depends on the size, so that no longer object has the same name", () => {
    const size = Buffer.alloc(8);
    size.writeBigUInt64BE(3n);
    const bytes = Uint8Array.of(1, 2, 3);
    expect(blobDigest(bytes)).to.equal(`0x${hex(sha256(Uint8Array.of(2), size, rfc6962([bytes])))}`);
    expect(outlineDigest({ ...outlineOf(bytes), size: 4 })).not.to.equal(blobDigest(bytes));
  });

  it("stays the same: golden digests", () => {
    expect(blobDigest(new TextEncoder().encode("consilium"))).to.equal(
      "0x440db9141bb0ad8ee7b7c739dc8a0801d96f89721e014c1cdccd38780814c614",
    );
    expect(blobDigest(pattern(3 * chunkBytes + 77))).to.equal(
      "0x80436adf0c63f0ee0e962be045e9ee38c320b73f6a51672cdf612c3ed8e650cf",
    );
  });
});
