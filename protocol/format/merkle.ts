// An object's name is the root of a SHA-256 tree over its leaves, so that a 1 MiB chunk can be verified as it arrives from
// any peer, and a contract could check one leaf. The tree is RFC 6962's: leaves are hashed after a byte 0, nodes after a
// byte 1, and a tree of n leaves splits at the largest power of two below n. A chunk is a whole subtree of it, so the list
// of the chunks' roots (the outline) is enough to verify every chunk on its own.
import { hash } from "node:crypto";
import { FedError } from "../../foundation/errors.ts";
import { type Digest, digestFromBytes } from "./digest.ts";

/** Leaves of an object of one chunk. Version 0.1.0 had them in all objects: such a name still holds. */
const smallLeaf = 1024;
/** Leaves of a larger object. By small ones, calls of the hash function cost more than half of the time. */
const largeLeaf = 16 * 1024;
export const chunkBytes = 2 ** 20;

/** Bytes of the leaves by which an object of a size may be named: those of today first. */
export function leafSizes(size: number): readonly number[] {
  return size > chunkBytes ? [largeLeaf, smallLeaf] : [smallLeaf];
}

/** The size and chunk roots of an object: enough to verify each chunk alone. */
export interface BlobOutline {
  /** Bytes of the whole object. */
  readonly size: number;
  /** Subtree root of each 1 MiB chunk, in order: 32 bytes each; one (the empty tree's) for an object without bytes. */
  readonly chunkRoots: readonly Uint8Array[];
}

/** Root of the subtree of one chunk (1 to 1,048,576 bytes; 0 only for the empty object) over leaves of this many bytes. */
export function chunkRoot(chunk: Uint8Array, leafBytes: number): Uint8Array {
  if (chunk.byteLength === 0) return hashBytes(chunk);
  const leaves = Math.ceil(chunk.byteLength / leafBytes);
  // Hashes are latin1 text written into one buffer: without an object per leaf it takes half the time.
  const level = Buffer.allocUnsafe(32 * leaves);
  const source = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  const leaf = Buffer.allocUnsafe(1 + Math.min(leafBytes, chunk.byteLength));
  leaf[0] = 0; // the leaf prefix
  for (let index = 0; index < leaves; index++) {
    const bytes = source.copy(leaf, 1, index * leafBytes, (index + 1) * leafBytes);
    const prefixed = 1 + bytes === leaf.byteLength ? leaf : leaf.subarray(0, 1 + bytes);
    level.write(hash("sha256", prefixed, "binary"), 32 * index, "latin1");
  }
  const node = Buffer.alloc(65);
  node[0] = 1;
  for (let count = leaves; count > 1; count = Math.ceil(count / 2)) {
    for (let index = 0; index < count; index += 2) {
      if (index + 1 === count) level.copyWithin(16 * index, 32 * index, 32 * count);
      else {
        level.copy(node, 1, 32 * index, 32 * index + 64);
        level.write(hash("sha256", node, "binary"), 16 * index, "latin1");
      }
    }
  }
  return Uint8Array.from(level.subarray(0, 32));
}

/** The outline of an object that is in memory. */
export function outlineOf(bytes: Uint8Array, leafBytes = leafSizes(bytes.byteLength)[0]!): BlobOutline {
  const chunkRoots: Uint8Array[] = [];
  for (let offset = 0; offset === 0 || offset < bytes.byteLength; offset += chunkBytes) {
    chunkRoots.push(chunkRoot(bytes.subarray(offset, offset + chunkBytes), leafBytes));
  }
  return { size: bytes.byteLength, chunkRoots };
}

/** All names of an object that is in memory: that of today first. */
export function blobNames(bytes: Uint8Array): readonly Digest[] {
  return leafSizes(bytes.byteLength).map((leafBytes) => outlineDigest(outlineOf(bytes, leafBytes)));
}

/** The outline by which this is the name of an object in memory; undefined where the name is another object's. */
export function outlineNamed(bytes: Uint8Array, name: Digest): BlobOutline | undefined {
  for (const leafBytes of leafSizes(bytes.byteLength)) {
    const outline = outlineOf(bytes, leafBytes);
    if (outlineDigest(outline) === name) return outline;
  }
  return undefined;
}

/**
 * Says of each chunk whether it is the object's. All chunks must be by leaves of one size, as in a whole object: once
 * one is found by either, the others are compared by that alone.
 */
export function chunkCheck({ size, chunkRoots }: BlobOutline): (index: number, chunk: Uint8Array) => boolean {
  let possible = leafSizes(size);
  return (index, chunk) => {
    const root = chunkRoots[index];
    if (root === undefined) return false;
    const leafBytes = possible.find((each) => Buffer.compare(chunkRoot(chunk, each), root) === 0);
    if (leafBytes === undefined) return false;
    // A chunk of one small leaf has the same root by both.
    if (chunk.byteLength > smallLeaf) possible = [leafBytes];
    return true;
  };
}

/**
 * The object's name: SHA-256 of a byte 2, the size as 64-bit big-endian, and the root over the chunk roots.
 * @throws OUTLINE_MALFORMED where the number of chunks does not fit the size
 */
export function outlineDigest(outline: BlobOutline): Digest {
  const chunks = Math.max(1, Math.ceil(outline.size / chunkBytes));
  const wellFormed = outline.chunkRoots.length === chunks && outline.chunkRoots.every((root) => root.byteLength === 32);
  if (!wellFormed || !Number.isSafeInteger(outline.size) || outline.size < 0) {
    throw new FedError("OUTLINE_MALFORMED", { size: outline.size, chunks: outline.chunkRoots.length });
  }
  const node = new Uint8Array(1 + 8 + 32);
  node[0] = 2;
  new DataView(node.buffer).setBigUint64(1, BigInt(outline.size));
  node.set(treeRoot(outline.chunkRoots), 9);
  return digestFromBytes(hashBytes(node));
}

/** The name of an object that is in memory. */
export function blobDigest(bytes: Uint8Array): Digest {
  return outlineDigest(outlineOf(bytes));
}

/** Whether this is a name of an object that is in memory. */
export function isNameOf(name: Digest, bytes: Uint8Array): boolean {
  return outlineNamed(bytes, name) !== undefined;
}

/** RFC 6962 root over leaf hashes or subtree roots (at least one). */
export function treeRoot(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) throw new FedError("TREE_EMPTY");
  let level = hashes;
  // Pairing neighbours level by level, with an odd last one unchanged, gives the same tree as the recursive split.
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const left = level[index]!;
      const right = level[index + 1];
      next.push(right ? nodeHash(left, right) : left);
    }
    level = next;
  }
  return level[0]!;
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const node = new Uint8Array(65);
  node[0] = 1;
  node.set(left, 1);
  node.set(right, 33);
  return hashBytes(node);
}

function hashBytes(bytes: Uint8Array): Uint8Array {
  return hash("sha256", bytes, "buffer");
}
