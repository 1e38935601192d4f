// Where a command writes what --out names: never through a symbolic link that was there before, and for its owner only where
// it shows patients.
import { constants } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  diskFailuresNamed,
  makeFolder,
  makePrivateFolder,
  refuseLink,
  writePrivately,
} from "../../foundation/private-files.ts";

/** Makes a folder for output about patients. @throws OUT_IS_LINK, STORE_FULL */
export async function makeOutputFolder(path: string): Promise<void> {
  await refuseLink(resolve(path));
  await diskFailuresNamed(() => makePrivateFolder(path));
}

/** Writes or replaces a file about patients. @throws OUT_IS_LINK, STORE_FULL */
export async function writeOutput(path: string, content: string | Uint8Array): Promise<void> {
  await refuseLink(resolve(path));
  await writePrivately(path, content);
  // One that was there before may have been open to others.
  await chmod(path, 0o600);
}

/** Makes a folder for output that others may read, such as a report. @throws OUT_IS_LINK, STORE_FULL */
export async function makePublicFolder(path: string): Promise<void> {
  await refuseLink(resolve(path));
  await diskFailuresNamed(() => makeFolder(path));
}

/**
 * Writes a file that others may read, such as a plan, a model or a report, in place of one that was there before.
 * @param isNew fails with Node's EEXIST instead where there is one
 * @throws OUT_IS_LINK, STORE_FULL
 */
export async function writePublicOutput(
  path: string,
  content: string | Uint8Array,
  { isNew = false } = {},
): Promise<void> {
  await refuseLink(resolve(path));
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
  const flag = O_WRONLY | O_CREAT | O_NOFOLLOW | (isNew ? O_EXCL : O_TRUNC);
  await diskFailuresNamed(() => writeFile(path, content, { flag: flag as unknown as string }));
}
