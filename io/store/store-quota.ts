// How much a store may hold: a fetch that would not fit is refused before it begins. What a party makes itself is always
// kept, since the chain may name it already.
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { FedError } from "../../foundation/errors.ts";

export interface QuotaOptions {
  /** Bytes of objects; undefined is no limit. */
  readonly maxBytes?: number | undefined;
  /** Called once when nine tenths are used, and again after the store was below that. */
  readonly onNearlyFull?: ((facts: { readonly usedMiB: number; readonly maxMiB: number }) => void) | undefined;
}

export interface StoreUsage {
  readonly usedBytes: number;
  readonly maxBytes: number;
}

export interface StoreQuota {
  /** Undefined where there is no limit. */
  usage(): StoreUsage | undefined;
  /** An object of this size is here now. */
  add(bytes: number): void;
  remove(bytes: number): void;
  /** @throws STORE_QUOTA where an object of this size does not fit */
  require(bytes: number): void;
}

const warnAt = 0.9;

export function createQuota(usedAtStart: number, { maxBytes, onNearlyFull }: QuotaOptions): StoreQuota {
  let used = usedAtStart;
  let warned = false;
  const inMiB = (bytes: number) => Math.round(bytes / 2 ** 20);
  const check = () => {
    if (maxBytes === undefined) return;
    const nearlyFull = used >= warnAt * maxBytes;
    if (nearlyFull && !warned) onNearlyFull?.({ usedMiB: inMiB(used), maxMiB: inMiB(maxBytes) });
    warned = nearlyFull;
  };
  check();
  return {
    usage: () => (maxBytes === undefined ? undefined : { usedBytes: used, maxBytes }),
    add(bytes) {
      used += bytes;
      check();
    },
    remove(bytes) {
      used -= bytes;
      check();
    },
    require(bytes) {
      if (maxBytes === undefined || used + bytes <= maxBytes) return;
      throw new FedError("STORE_QUOTA", { bytes, usedMiB: inMiB(used), maxMiB: inMiB(maxBytes) });
    },
  };
}

/** Bytes of all files in the objects' folder; files that are deleted meanwhile do not count. */
export async function bytesOfObjects(objects: string): Promise<number> {
  return (await filesBelow(objects)).bytes;
}

/** What a store's folder holds, counted without its lock, so that it may be in use. */
export interface StoreFigures {
  readonly objects: number;
  readonly objectBytes: number;
  /** Of fetches that have not ended. */
  readonly unfinishedBytes: number;
}

/** @param dir the folder given to openBlobStore; an absent one is empty */
export async function storeFigures(dir: string): Promise<StoreFigures> {
  const [whole, partial] = [await filesBelow(join(dir, "objects")), await filesBelow(join(dir, "partial"))];
  return { objects: whole.count, objectBytes: whole.bytes, unfinishedBytes: partial.bytes };
}

async function filesBelow(folder: string): Promise<{ count: number; bytes: number }> {
  const names = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  let [count, bytes] = [0, 0];
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (!found?.isFile()) continue;
    count++;
    bytes += found.size;
  }
  return { count, bytes };
}

/** Deletes files that were last written before this time: fetches that nobody has resumed. */
export async function removeOlderFiles(folder: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if ((await stat(path)).mtimeMs < beforeMs) await rm(path, { force: true });
  }
}
