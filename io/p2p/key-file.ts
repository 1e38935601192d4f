// A party's peer key on disk: 32 secret bytes as hex, readable by its owner only.
import { open, readFile } from "node:fs/promises";
import { FedError } from "../../foundation/errors.ts";
import { createPeerKey } from "./identity.ts";

/** Reads the key, or creates it where there is no file yet. @throws PEER_KEY_MALFORMED */
export async function openPeerKeyFile(path: string): Promise<Uint8Array> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (text === undefined) return createKeyFile(path);
  if (/^[0-9a-f]{64}$/.test(text.trim())) return Buffer.from(text.trim(), "hex");
  throw new FedError("PEER_KEY_MALFORMED", { path }, { remedy: "restore the file, or remove it and bind a new key" });
}

async function createKeyFile(path: string): Promise<Uint8Array> {
  const key = await createPeerKey();
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(`${Buffer.from(key).toString("hex")}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  return key;
}
