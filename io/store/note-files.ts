// Large notes as files named by the digest of their content: a database would write a residual of a hundred megabytes
// several times.
import { webcrypto } from "node:crypto";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { makePrivateFolder } from "../../foundation/private-files.ts";
import { writeDurably } from "./durable-file.ts";

export interface NoteFiles {
  /** @returns its name, once it is on the disk @throws STORE_FULL */
  keep(bytes: Uint8Array): Promise<string>;
  /** Undefined if there is no file of this name, or it is damaged. */
  read(name: string): Promise<Uint8Array | undefined>;
  remove(name: string): Promise<void>;
}

/** @param named files to keep; all others in the folder are unfinished or superseded, and are deleted */
export async function openNoteFiles(dir: string, named: ReadonlySet<string>): Promise<NoteFiles> {
  await makePrivateFolder(dir);
  for (const name of await readdir(dir)) if (!named.has(name)) await rm(join(dir, name), { force: true });
  return {
    async keep(bytes) {
      const name = await nameOf(bytes);
      const target = join(dir, name);
      const isThere = await stat(target).then(
        ({ size }) => size === bytes.byteLength,
        () => false,
      );
      if (!isThere) await writeDurably(bytes, { temp: `${target}.new`, target });
      return name;
    },
    async read(name) {
      const bytes = await readFile(join(dir, name)).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      return bytes && (await nameOf(bytes)) === name ? bytes : undefined;
    },
    remove: (name) => rm(join(dir, name), { force: true }),
  };
}

/** Hashed beside this thread, which a large residual would hold up. */
async function nameOf(bytes: Uint8Array): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest("SHA-256", bytes)).toString("hex");
}
