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

const leaf = 16_384;

function leavesOf(bytes: Uint8Array): Uint8Array[] {
  const count = Math.ceil(bytes.length / leaf);
  return Array.from({ length: count }, (_, i) => bytes.subarray(leaf * i, leaf * (i + 1)));
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7919) >>> 3);

describe("an object's name", () => {
  it("is made of the tree of RFC 6962 over leaves of 16 KiB, for every number of leaves", () => {
    const whole = [0, 1, 2, 3, 5, 7, 63, 64].map((leaves) => leaves * leaf);
    for (const length of [...whole, 1, 1025, leaf - 1, leaf + 1, 2 * leaf + 1, 5 * leaf + 1, 33 * leaf + 512]) {
      const bytes = pattern(length);
      expect(hex(chunkRoot(bytes)), `${length} bytes`).to.equal(hex(rfc6962(leavesOf(bytes))));
    }
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200_000 }), (bytes) => {
        expect(hex(chunkRoot(bytes))).to.equal(hex(rfc6962(leavesOf(bytes))));
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it("is one tree over all leaves, though it is made chunk by chunk", () => {
    for (const length of [chunkBytes, chunkBytes + 1, 3 * chunkBytes - 5, 2 * chunkBytes + leaf]) {
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
      "0x80436adf0c63f0ee0e962be045e9ee38c320b73f6a51672cdf612c3ed8e650cf",
    );
  });
});
