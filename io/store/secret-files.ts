// A hospital's secrets of rounds, one file each: written durably before anything that depends on them leaves, and erased
// when the round is over. They are not in the journal, since a database keeps deleted values in its files for a while.
import { open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { makePrivateFolder } from "../../foundation/private-files.ts";
import type { SecretFiles } from "../../protocol/ports.ts";
import { moveDurably, writeDurably } from "./durable-file.ts";

/** Endings of files that are not complete yet, and of files that are being erased. */
const [unfinished, leaving] = [".new", ".gone"];
const isSecret = (name: string) => !name.endsWith(unfinished) && !name.endsWith(leaving);

/** @param dir readable by the owner alone; files of a write or an erasure that was cut off are erased */
export async function openSecretFiles(dir: string): Promise<SecretFiles> {
  await makePrivateFolder(dir);
  for (const name of await readdir(dir)) if (!isSecret(name)) await overwriteAndRemove(join(dir, name));
  const pathOf = (name: string) => join(dir, name.replaceAll("/", "."));
  /** Asked for at every observation of a chain, and changed by this process alone. */
  const names = new Set((await readdir(dir)).map((name) => name.replaceAll(".", "/")));
  return {
    async read(name) {
      return readFile(pathOf(name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
    },
    async write(name, bytes) {
      const target = pathOf(name);
      await writeDurably(bytes, { temp: `${target}${unfinished}`, target });
      names.add(name);
    },
    async erase(name) {
      await erase(pathOf(name));
      names.delete(name);
    },
    names: async () => [...names].sort(),
  };
}

/**
 * Takes its name from it first: a process that is killed between leaves no zeros that the next one would take for the secret.
 * A file system that copies on write, or a disk's spare blocks, may still hold what was there: the store belongs on an
 * encrypted disk, as docs/threat-model.md says.
 */
async function erase(path: string): Promise<void> {
  try {
    await moveDurably(path, `${path}${leaving}`);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return;
    throw error;
  }
  await overwriteAndRemove(`${path}${leaving}`);
}

async function overwriteAndRemove(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    const { size } = await file.stat();
    await file.write(new Uint8Array(size), 0, size, 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await rm(path);
}
