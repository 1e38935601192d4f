// Hashes every byte before the audit uses it, even if the store says that it has checked it. Some chunks of 1 MiB stay in memory, since the audit reads an object three times and should hash it once.

import { FedError, isFedError } from "../../foundation/errors.ts";
import type { Digest } from "../format/digest.ts";
import { type BlobOutline, chunkBytes, chunkCheck, chunkRoot, leafSizes, outlineDigest } from "../format/merkle.ts";
import type { BlobExchange, BlobStore } from "../ports.ts";

/** Outlines kept, 32 bytes a MiB of object each. */
const keptOutlines = 4096;

/** Where the bytes come from, which is not trusted: a BlobStore, or files. */
export interface ObjectSource extends Pick<BlobStore, "has" | "read"> {
  /** The object's size, bytes. @throws BLOB_UNKNOWN */
  outline(digest: Digest): Promise<Pick<BlobOutline, "size">>;
}

export interface CheckedBlobs {
  readonly blobs: BlobStore;
  /** Number and bytes of the distinct objects whose hash matched their digest. */
  counts(): { readonly objects: number; readonly bytes: number };
}

interface CheckedObject {
  readonly outline: BlobOutline;
  readonly isChunk: ReturnType<typeof chunkCheck>;
}

/**
 * Reads from the source; throws BLOB_CORRUPT { digest, found } if the bytes have another digest. Writes nothing.
 * @param keptChunks chunks kept in memory, 1 MiB each
 */
export function checkedBlobs(source: ObjectSource, { keptChunks = 48 } = {}): CheckedBlobs {
  const checked = new Map<Digest, CheckedObject>();
  const chunks = new Map<string, Uint8Array>();
  const seen = new Set<Digest>();
  let checkedBytes = 0;

  const keep = (key: string, chunk: Uint8Array) => {
    chunks.set(key, chunk);
    if (chunks.size > keptChunks) chunks.delete(chunks.keys().next().value as string);
  };

  const outlineBy = async (digest: Digest, size: number, leafBytes: number): Promise<BlobOutline> => {
    const chunkRoots: Uint8Array[] = [];
    for (let offset = 0; offset === 0 || offset < size; offset += chunkBytes) {
      const length = Math.min(chunkBytes, size - offset);
      const chunk = await source.read(digest, offset, length);
      if (chunk.byteLength !== length) throw new FedError("BLOB_CORRUPT", { digest, size, offset });
      keep(`${digest}/${chunkRoots.length}`, chunk);
      chunkRoots.push(chunkRoot(chunk, leafBytes));
    }
    return { size, chunkRoots };
  };

  const check = async (digest: Digest): Promise<CheckedObject> => {
    const known = checked.get(digest);
    if (known) return known;
    const { size } = await source.outline(digest);
    let found: Digest | undefined;
    for (const leafBytes of leafSizes(size)) {
      const outline = await outlineBy(digest, size, leafBytes);
      const name = outlineDigest(outline);
      found ??= name;
      if (name !== digest) continue;
      const object = { outline, isChunk: chunkCheck(outline) };
      checked.set(digest, object);
      if (checked.size > keptOutlines) checked.delete(checked.keys().next().value as Digest);
      if (!seen.has(digest)) checkedBytes += size;
      seen.add(digest);
      return object;
    }
    throw new FedError("BLOB_CORRUPT", { digest, found });
  };

  const chunkAt = async (digest: Digest, { isChunk }: CheckedObject, index: number): Promise<Uint8Array> => {
    const key = `${digest}/${index}`;
    const kept = chunks.get(key);
    if (kept) return kept;
    const chunk = await source.read(digest, index * chunkBytes, chunkBytes);
    if (!isChunk(index, chunk)) throw new FedError("BLOB_CORRUPT", { digest, chunk: index });
    keep(key, chunk);
    return chunk;
  };

  const read = async (digest: Digest, offset: number, length: number): Promise<Uint8Array> => {
    const object = await check(digest);
    const end = Math.min(object.outline.size, offset + length);
    if (end <= offset) return new Uint8Array(0);
    const first = Math.floor(offset / chunkBytes);
    const last = Math.floor((end - 1) / chunkBytes);
    if (first === last) {
      const chunk = await chunkAt(digest, object, first);
      return chunk.subarray(offset - first * chunkBytes, end - first * chunkBytes);
    }
    const bytes = new Uint8Array(end - offset);
    for (let index = first; index <= last; index++) {
      const start = index * chunkBytes;
      const chunk = await chunkAt(digest, object, index);
      const part = chunk.subarray(Math.max(0, offset - start), Math.min(chunk.byteLength, end - start));
      bytes.set(part, Math.max(0, start - offset));
    }
    return bytes;
  };

  return {
    blobs: {
      outline: async (digest) => (await check(digest)).outline,
      read,
      has: (digest) => source.has(digest),
      async get(digest, { maxBytes }) {
        const { size } = await source.outline(digest);
        if (size > maxBytes) throw new FedError("BLOB_TOO_LARGE", { digest, size, maxBytes });
        return new Uint8Array(await read(digest, 0, size));
      },
      put: () => Promise.reject(new FedError("STORE_READ_ONLY")),
      remove: () => Promise.reject(new FedError("STORE_READ_ONLY")),
      writer: () => Promise.reject(new FedError("STORE_READ_ONLY")),
    },
    counts: () => ({ objects: seen.size, bytes: checkedBytes }),
  };
}

/** Distinguishes an object that is too large from one whose size the store reports wrongly: only the former is its author's fault. */
export function checkedExchange(exchange: BlobExchange, { blobs }: CheckedBlobs): BlobExchange {
  return {
    async fetch(digest, options) {
      try {
        await exchange.fetch(digest, options);
      } catch (error) {
        if (isFedError(error, "BLOB_TOO_LARGE") && (await blobs.has(digest))) await blobs.outline(digest);
        throw error;
      }
    },
  };
}
