import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import {
  blobDigest,
  chunkBytes,
  chunkRoot,
  outlineDigest,
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

function leavesOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / 1024) }, (_, i) => bytes.subarray(1024 * i, 1024 * (i + 1)));
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7919) >>> 3);

describe("an object's name", () => {
  it("is made of the tree of RFC 6962 over leaves of 1 KiB, for every number of leaves", () => {
    for (const length of [0, 1, 1023, 1024, 1025, 2048, 2049, 3 * 1024, 5 * 1024 + 1, 7 * 1024, 100 * 1024 + 512]) {
      const bytes = pattern(length);
      expect(hex(chunkRoot(bytes)), `${length} bytes`).to.equal(hex(rfc6962(leavesOf(bytes))));
    }
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40_000 }), (bytes) => {
        expect(hex(chunkRoot(bytes))).to.equal(hex(rfc6962(leavesOf(bytes))));
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it("is one tree over all leaves, though it is made chunk by chunk", () => {
    for (const length of [chunkBytes, chunkBytes + 1, 3 * chunkBytes - 5, 2 * chunkBytes + 1024]) {
      const bytes = pattern(length);
      const { chunkRoots, size } = outlineOf(bytes);
      expect(size).to.equal(length);
      expect(hex(treeRoot(chunkRoots)), `${length} bytes`).to.equal(hex(rfc6962(leavesOf(bytes))));
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
      "0x434781acb5f66029ad693fff1154f2317bfb11361f8b5d285fd5261a66f5a110",
    );
  });
});
