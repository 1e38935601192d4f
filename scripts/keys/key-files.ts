// A party's two keys in a folder: the chain key, encrypted, and the peer key.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import { createKeystore } from "../../io/chain/keystore.ts";
import { writeNewFile } from "../../io/chain/new-file.ts";

const shortestPassword = 8;

export interface KeyPlaces {
  readonly keystore: string;
  readonly peerKey: string;
}

export function keyPlaces(dir: string): KeyPlaces {
  const folder = resolve(dir);
  return { keystore: join(folder, "keystore.json"), peerKey: join(folder, "peer.key") };
}

/** @throws FILE_EXISTS */
export function requireNoKeys({ keystore, peerKey }: KeyPlaces): void {
  for (const path of [keystore, peerKey]) {
    if (!existsSync(path)) continue;
    throw new FedError("FILE_EXISTS", { path }, { remedy: "give another folder: keys are never overwritten" });
  }
}

/** @throws PASSWORD_WEAK, FILE_EXISTS, FILE_UNWRITABLE */
export async function createKeyFiles({ keystore, peerKey }: KeyPlaces, password: string): Promise<void> {
  if (password.length < shortestPassword) {
    const remedy = `take ${shortestPassword} characters or more: a copy of the file can be attacked by trying passwords`;
    throw new FedError("PASSWORD_WEAK", { length: password.length }, { remedy });
  }
  // Loaded when it is needed: libp2p's keys are a hundred modules.
  const { createPeerKey } = await import("../../io/p2p/identity.ts");
  await writeNewFile(peerKey, `${Buffer.from(await createPeerKey()).toString("hex")}\n`, { mode: 0o600 });
  await createKeystore(keystore, password);
}
