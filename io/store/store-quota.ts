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

export interface StoreQuota {
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

/** Bytes of all files in the objects' folder. */
export async function bytesOfObjects(objects: string): Promise<number> {
  let bytes = 0;
  for (const folder of await readdir(objects)) {
    const names = await readdir(join(objects, folder));
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(objects, folder, name))).size));
    bytes += sizes.reduce((sum, size) => sum + size, 0);
  }
  return bytes;
}

/** Deletes files that were last written before this time: fetches that nobody has resumed. */
export async function removeOlderFiles(folder: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if ((await stat(path)).mtimeMs < beforeMs) await rm(path, { force: true });
  }
}
