// Objects on this machine, each in a file named by its digest. The index lists the complete ones; the bytes of a file are
// hashed again before they are used, so that a failing disk costs a transfer and never a wrong model.
import { randomBytes } from "node:crypto";
import { access, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import type { Digest } from "../../protocol/format/digest.ts";
import { type BlobOutline, chunkBytes, chunkCheck, outlineDigest, outlineOf } from "../../protocol/format/merkle.ts";
import { decodeOutline, encodeOutline } from "../../protocol/format/outline.ts";
import type { BlobStore } from "../../protocol/ports.ts";
import { openBlobWriter } from "./blob-writer.ts";
import { writeDurably } from "./durable-file.ts";
import { openLevel } from "./level.ts";
import { objectPath } from "./object-files.ts";
import { createOpenFiles } from "./open-files.ts";
import { bytesOfObjects, createQuota, type QuotaOptions, removeOlderFiles, type StoreUsage } from "./store-quota.ts";

/** Outlines kept in memory; 32 bytes a MiB of object each. */
const cachedOutlines = 256;
/** Time after which an unfinished fetch is given up, and its chunks are deleted: two weeks. */
const keepPartialMs = 14 * 24 * 3600 * 1000;

interface KnownObject {
  readonly outline: BlobOutline;
  readonly isChunk: ReturnType<typeof chunkCheck>;
  /** Chunks whose hash was checked since the store was opened. */
  readonly verified: Set<number>;
}

export interface OpenBlobStore extends BlobStore {
  /** Deletes an object, if it is here. @throws STORE_FULL where its entry cannot be deleted; its bytes are deleted then */
  remove(digest: Digest): Promise<void>;
  /** Bytes of all objects, and the limit; undefined without a limit, since nothing is counted then. */
  usage(): StoreUsage | undefined;
  close(): Promise<void>;
}

/**
 * Opens (or creates) the store in a directory: `objects/`, `partial/` (fetches to resume), `temp/`, `index/` (level).
 * @throws STORE_LOCKED, STORE_VERSION, STORE_UNREADABLE
 */
export async function openBlobStore(dir: string, options: QuotaOptions = {}): Promise<OpenBlobStore> {
  const index = await openLevel(join(dir, "index"));
  const temp = join(dir, "temp");
  const partial = join(dir, "partial");
  await Promise.all([temp, partial, join(dir, "objects")].map((path) => mkdir(path, { recursive: true })));
  await Promise.all((await readdir(temp)).map((name) => rm(join(temp, name), { force: true })));

  await removeOlderFiles(partial, Date.now() - keepPartialMs);
  // Without a limit nothing is counted: a large store has many files.
  const quota = createQuota(options.maxBytes === undefined ? 0 : await bytesOfObjects(join(dir, "objects")), options);

  /** Complete objects: a request for another one costs no access to the disk. */
  const whole = new Set((await index.keys("outlines", "")) as Digest[]);
  const known = new Map<Digest, KnownObject>();
  const openWriters = new Set<Digest>();
  const files = createOpenFiles();
  const pathOf = (digest: Digest) => objectPath(dir, digest);

  const remember = (digest: Digest, object: KnownObject) => {
    known.delete(digest);
    known.set(digest, object);
    if (known.size > cachedOutlines) known.delete(known.keys().next().value as Digest);
  };
  const forget = async (digest: Digest, { size }: BlobOutline) => {
    known.delete(digest);
    await files.drop(pathOf(digest));
    if (whole.delete(digest)) quota.remove(size);
    await index.write([{ space: "outlines", key: digest, value: undefined }]);
  };
  const register = async (digest: Digest, outline: BlobOutline) => {
    await files.drop(pathOf(digest)); // an older file of this name, which was damaged
    await index.write([{ space: "outlines", key: digest, value: encodeOutline(outline) }]);
    if (!whole.has(digest)) quota.add(outline.size);
    whole.add(digest);
    // All chunks were hashed a moment ago, before they were written.
    remember(digest, { outline, isChunk: chunkCheck(outline), verified: new Set(outline.chunkRoots.keys()) });
  };
  const lookUp = async (digest: Digest): Promise<KnownObject | undefined> => {
    const cached = known.get(digest);
    if (cached) return cached;
    if (!whole.has(digest)) return undefined;
    const record = await index.get("outlines", digest);
    if (record === undefined) return undefined;
    const outline = decodeOutline(record);
    if (outlineDigest(outline) !== digest) return undefined;
    // A kill between the two halves of a deletion leaves the entry.
    const isThere = await access(pathOf(digest)).then(
      () => true,
      () => false,
    );
    if (!isThere) {
      await forget(digest, outline);
      return undefined;
    }
    const object = { outline, isChunk: chunkCheck(outline), verified: new Set<number>() };
    remember(digest, object);
    return object;
  };
  const require = async (digest: Digest): Promise<KnownObject> => {
    const object = await lookUp(digest);
    if (object === undefined) throw new FedError("BLOB_UNKNOWN", { digest });
    return object;
  };

  /** Bytes at [offset, offset + length); the chunks around them are hashed the first time. */
  const readVerified = async (digest: Digest, offset: number, length: number): Promise<Uint8Array> => {
    const { outline, isChunk, verified } = await require(digest);
    const end = Math.min(outline.size, offset + length);
    if (!(offset >= 0 && end > offset)) return new Uint8Array(0);
    const firstChunk = Math.floor(offset / chunkBytes);
    const lastChunk = Math.floor((end - 1) / chunkBytes);
    const unverified = [];
    for (let chunk = firstChunk; chunk <= lastChunk; chunk++) if (!verified.has(chunk)) unverified.push(chunk);
    const start = unverified.length > 0 ? firstChunk * chunkBytes : offset;
    const stop = unverified.length > 0 ? Math.min(outline.size, (lastChunk + 1) * chunkBytes) : end;
    const bytes = await files.read(pathOf(digest), start, stop - start);
    const intact =
      bytes?.byteLength === stop - start &&
      unverified.every((chunk) => {
        const from = chunk * chunkBytes - start;
        return isChunk(chunk, bytes.subarray(from, from + chunkBytes));
      });
    if (!intact) {
      // No longer listed, so that the next fetch replaces the file.
      await forget(digest, outline);
      throw new FedError("BLOB_CORRUPT", { digest }, { remedy: "check the disk; the object will be fetched again" });
    }
    for (const chunk of unverified) verified.add(chunk);
    // A part keeps no more memory than it has bytes.
    const isWhole = end - offset === bytes.byteLength;
    return isWhole ? bytes : Uint8Array.prototype.slice.call(bytes, offset - start, end - start);
  };

  return {
    async put(bytes, outline = outlineOf(bytes)) {
      const digest = outlineDigest(outline);
      const tempPath = join(temp, randomBytes(12).toString("hex"));
      await writeDurably(bytes, { temp: tempPath, target: pathOf(digest) });
      await register(digest, outline);
      return digest;
    },
    has: async (digest) => (await lookUp(digest)) !== undefined,
    outline: async (digest) => (await require(digest)).outline,
    read: readVerified,
    async get(digest, { maxBytes }) {
      const { size } = (await require(digest)).outline;
      if (size > maxBytes) throw new FedError("BLOB_TOO_LARGE", { digest, size, maxBytes });
      known.get(digest)?.verified.clear();
      return readVerified(digest, 0, size);
    },
    async writer(digest, outline) {
      if (outlineDigest(outline) !== digest) throw new FedError("OUTLINE_MALFORMED", { digest });
      if (openWriters.has(digest)) throw new FedError("BLOB_BUSY", { digest });
      quota.require(outline.size);
      openWriters.add(digest);
      try {
        return await openBlobWriter({
          outline,
          partial: join(partial, digest.slice(2)),
          target: pathOf(digest),
          onWhole: () => register(digest, outline),
          onClosed: () => openWriters.delete(digest),
        });
      } catch (error) {
        openWriters.delete(digest);
        throw error;
      }
    },
    async remove(digest) {
      const object = await lookUp(digest);
      if (!object) return;
      // The bytes first: on a full disk, only that makes room for the deletion of the entry.
      await rm(pathOf(digest), { force: true });
      await forget(digest, object.outline);
    },
    usage: () => quota.usage(),
    async close() {
      await files.close();
      await index.close();
    },
  };
}
