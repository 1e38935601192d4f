// Where a command writes what --out names: for its owner only, and never through a link that somebody laid there before.
import { chmod } from "node:fs/promises";
import { resolve } from "node:path";
import { fullDiskNamed, makePrivateFolder, refuseLink, writePrivately } from "../../imaging/shard/private-files.ts";

/** Makes a folder for output. @throws OUT_IS_LINK, STORE_FULL */
export async function makeOutputFolder(path: string): Promise<void> {
  await refuseLink(resolve(path));
  await fullDiskNamed(() => makePrivateFolder(path));
}

/** Writes or replaces a file of output. @throws OUT_IS_LINK, STORE_FULL */
export async function writeOutput(path: string, content: string | Uint8Array): Promise<void> {
  await refuseLink(resolve(path));
  await writePrivately(path, content);
  // One that was there before may have been open to others.
  await chmod(path, 0o600);
}
