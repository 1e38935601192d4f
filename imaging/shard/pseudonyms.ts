// Pseudonyms: keyed hashes of everything that could identify a patient. The key stays in a file at the hospital: with it the
// hospital finds its patient again; without it nobody can.
import { createHmac, randomBytes } from "node:crypto";
import { lstat, readFile } from "node:fs/promises";
import { FedError } from "../../foundation/errors.ts";
import { writeNewPrivately } from "../../foundation/private-files.ts";

export interface Pseudonyms {
  /** 16 hex digits for one thing of a kind ("patient", "study", "file"). */
  of(kind: string, ...names: readonly string[]): string;
  /** 32 bytes that only the holder of the key can compute, for the salted commitment. */
  salt(...names: readonly string[]): Uint8Array;
}

export function pseudonymsOf(key: Uint8Array): Pseudonyms {
  const mac = (...names: readonly string[]) => createHmac("sha256", key).update(JSON.stringify(names)).digest();
  return {
    of: (kind, ...names) =>
      mac(kind, ...names)
        .toString("hex")
        .slice(0, 16),
    salt: (...names) => mac("salt", ...names),
  };
}

/** The key in the file, 32 bytes as hex; undefined where there is no file. @throws KEY_MALFORMED, KEY_UNREADABLE */
export async function readPseudonymKey(path: string): Promise<Uint8Array | undefined> {
  const text = await readFile(path, "utf8").catch(async (cause: NodeJS.ErrnoException) => {
    // A link that leads nowhere is there: a disk with the key that is not mounted must not get a new key.
    const isThere = await lstat(path).catch(() => undefined);
    if (cause.code === "ENOENT" && !isThere) return undefined;
    throw new FedError("KEY_UNREADABLE", { reason: cause.code }, { cause });
  });
  if (text === undefined) return undefined;
  if (/^[0-9a-f]{64}\s*$/.test(text)) return Buffer.from(text.trim(), "hex");
  throw new FedError("KEY_MALFORMED", {}, { remedy: "restore the key file of the first import, or import anew" });
}

export function makePseudonymKey(): Uint8Array {
  return randomBytes(32);
}

/**
 * Writes a new key, readable by its owner only: whole or not at all. Never overwrites.
 *
 * @throws IMPORT_RUNNING where another import has written its own key meanwhile, STORE_FULL, FILE_UNWRITABLE
 */
export async function keepPseudonymKey(path: string, key: Uint8Array): Promise<void> {
  if (await writeNewPrivately(path, `${Buffer.from(key).toString("hex")}\n`)) return;
  throw new FedError("IMPORT_RUNNING", {}, { remedy: "another import has just made the key: start this one again" });
}
