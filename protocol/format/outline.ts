// An outline as bytes, in the index and on the wire: 8 bytes of size (big-endian), then the roots.
import { FedError } from "../../foundation/errors.ts";
import type { BlobOutline } from "./merkle.ts";

/** 8 bytes and 32 for each chunk. */
export function encodeOutline({ size, chunkRoots }: BlobOutline): Uint8Array {
  const bytes = new Uint8Array(8 + 32 * chunkRoots.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(size));
  chunkRoots.forEach((root, index) => {
    bytes.set(root, 8 + 32 * index);
  });
  return bytes;
}

/**
 * Parses an outline; compare outlineDigest with the digest to know that it is the object's.
 * @throws OUTLINE_MALFORMED
 */
export function decodeOutline(bytes: Uint8Array): BlobOutline {
  const roots = (bytes.byteLength - 8) / 32;
  if (!Number.isInteger(roots) || roots < 1) throw new FedError("OUTLINE_MALFORMED", { bytes: bytes.byteLength });
  const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
  if (!Number.isSafeInteger(size)) throw new FedError("OUTLINE_MALFORMED", { bytes: bytes.byteLength });
  const chunkRoots = Array.from({ length: roots }, (_, index) => bytes.slice(8 + 32 * index, 40 + 32 * index));
  return { size, chunkRoots };
}
