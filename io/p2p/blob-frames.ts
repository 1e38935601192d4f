// The frames of /consilium/blob/2.0.0. A stream carries a request, then its answer, any number of times. All offsets are
// fixed, and a length is checked against what was asked for before anything is allocated.
//   request   1 byte kind, 32 bytes digest, 4 bytes chunk index (big-endian; 0 for an outline)
//   response  1 byte status, 4 bytes length (big-endian), then the bytes: a chunk; or an outline, followed by the object
//             itself where that is one chunk, so that most objects take one request

import { FedError } from "../../foundation/errors.ts";
import { type Digest, digestFromBytes, digestToBytes } from "../../protocol/format/digest.ts";
import { type BlobOutline, chunkBytes } from "../../protocol/format/merkle.ts";
import { decodeOutline } from "../../protocol/format/outline.ts";

export const blobProtocol = "/consilium/blob/2.0.0";
export const requestBytes = 37;
export const responseHeaderBytes = 5;
/** Outline of an object of one chunk, which follows it. */
const shortOutlineBytes = 8 + 32;
/** The outline of an object of 32 GiB, the largest one supported. */
const maxOpeningBytes = Math.max(8 + 32 * 32_768, shortOutlineBytes + chunkBytes);

export type BlobRequest =
  | { readonly kind: "outline"; readonly digest: Digest }
  | { readonly kind: "chunk"; readonly digest: Digest; readonly index: number };

/** unknown: this peer does not have the object, or the object has no such chunk. */
export type BlobStatus = "ok" | "unknown";
const statuses: readonly BlobStatus[] = ["ok", "unknown"];

export function encodeRequest(request: BlobRequest): Uint8Array {
  const bytes = new Uint8Array(requestBytes);
  bytes[0] = request.kind === "outline" ? 0 : 1;
  bytes.set(digestToBytes(request.digest), 1);
  if (request.kind === "chunk") new DataView(bytes.buffer).setUint32(33, request.index);
  return bytes;
}

/** @throws BLOB_REQUEST_MALFORMED */
export function decodeRequest(bytes: Uint8Array): BlobRequest {
  const refuse = () => new FedError("BLOB_REQUEST_MALFORMED", { bytes: bytes.byteLength, kind: bytes[0] });
  if (bytes.byteLength !== requestBytes) throw refuse();
  const digest = digestFromBytes(bytes.subarray(1, 33));
  const index = new DataView(bytes.buffer, bytes.byteOffset).getUint32(33);
  if (bytes[0] === 0 && index === 0) return { kind: "outline", digest };
  if (bytes[0] === 1) return { kind: "chunk", digest, index };
  throw refuse();
}

export function encodeResponseHeader(status: BlobStatus, length: number): Uint8Array {
  const bytes = new Uint8Array(responseHeaderBytes);
  bytes[0] = statuses.indexOf(status);
  new DataView(bytes.buffer).setUint32(1, length);
  return bytes;
}

/**
 * Decodes the header of an answer and checks its length against what was asked for.
 * @throws BLOB_RESPONSE_MALFORMED
 */
export function decodeResponseHeader(
  bytes: Uint8Array,
  kind: BlobRequest["kind"],
): { readonly status: BlobStatus; readonly length: number } {
  const status = statuses[bytes[0] ?? -1];
  const length =
    bytes.byteLength === responseHeaderBytes ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(1) : -1;
  const limit = status === "unknown" ? 0 : kind === "chunk" ? chunkBytes : maxOpeningBytes;
  if (status === undefined || length < 0 || length > limit) {
    throw new FedError("BLOB_RESPONSE_MALFORMED", { status: bytes[0], length, limit });
  }
  return { status, length };
}

/**
 * Decodes the answer to an outline request; the caller checks the outline against the digest.
 * @returns whole: the object's bytes, where it is one chunk
 * @throws OUTLINE_MALFORMED
 */
export function decodeOpening(bytes: Uint8Array): { readonly outline: BlobOutline; readonly whole?: Uint8Array } {
  const short = decodeOutline(bytes.subarray(0, shortOutlineBytes));
  if (short.size > chunkBytes) return { outline: decodeOutline(bytes) };
  const whole = bytes.subarray(shortOutlineBytes);
  if (whole.byteLength !== short.size) throw new FedError("OUTLINE_MALFORMED", { bytes: bytes.byteLength });
  return { outline: short, whole };
}
