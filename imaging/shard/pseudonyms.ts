// Names that mean nothing outside the hospital: keyed hashes of what would identify a patient. The key stays in a file
// at the hospital; without it a hash can be tied to nobody, with it the hospital can find its patient again.
import { createHmac, randomBytes } from "node:crypto";
import { mkdir, open, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { FedError } from "../../foundation/errors.ts";

export interface Pseudonyms {
  /** 16 hex digits for one thing of a kind ("patient", "study", "file"). */
  of(kind: string, ...names: readonly string[]): string;
  /** 32 bytes that only the key's holder can tell, for the salted commitment. */
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

/** The key in the file, 32 bytes as hex; undefined where there is no file. @throws {FedError} KEY_MALFORMED */
export async function readPseudonymKey(path: string): Promise<Uint8Array | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  if (/^[0-9a-f]{64}\s*$/.test(text)) return Buffer.from(text.trim(), "hex");
  throw new FedError("KEY_MALFORMED", {}, { remedy: "restore the key file of the first import, or import anew" });
}

export function makePseudonymKey(): Uint8Array {
  return randomBytes(32);
}

/** Writes a new key, readable by its owner only. Never overwrites. */
export async function keepPseudonymKey(path: string, key: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(`${Buffer.from(key).toString("hex")}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
