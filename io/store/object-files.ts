// Reads the objects of a store's folder as files, without lock and index, so that an audit can read the store of a running
// hospital. The bytes are not checked: the audit hashes them itself.
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import type { ObjectSource } from "../../protocol/audit/checked-blobs.ts";
import type { Digest } from "../../protocol/format/digest.ts";

/** The file of a complete object. */
export function objectPath(dir: string, digest: Digest): string {
  return join(dir, "objects", digest.slice(2, 4), digest.slice(4));
}

/** The names of all object files in a store's folder, in order; it does not check their content. */
export async function* storedObjects(dir: string): AsyncIterable<Digest> {
  const objects = join(dir, "objects");
  for (const prefix of (await readdir(objects)).sort()) {
    for (const name of (await readdir(join(objects, prefix))).sort()) {
      if (/^[0-9a-f]{64}$/.test(prefix + name)) yield `0x${prefix}${name}` as Digest;
    }
  }
}

/** @param dir the folder given to openBlobStore */
export function openObjectFiles(dir: string): ObjectSource {
  const found = <T>(digest: Digest, look: (path: string) => T): T => {
    try {
      return look(objectPath(dir, digest));
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") throw new FedError("BLOB_UNKNOWN", { digest });
      throw error;
    }
  };
  return {
    has: async (digest) => existsSync(objectPath(dir, digest)),
    outline: async (digest) => ({ size: found(digest, (path) => statSync(path).size) }),
    read: async (digest, offset, length) => found(digest, (path) => readRange(path, offset, length)),
  };
}

function readRange(path: string, offset: number, length: number): Uint8Array {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer); // filled below: need not be zero first
    let filled = 0;
    while (filled < length) {
      const read = readSync(file, bytes, filled, length - filled, offset + filled);
      if (read === 0) break;
      filled += read;
    }
    return bytes.subarray(0, filled);
  } finally {
    closeSync(file);
  }
}
