// A file that must not be lost and must not replace another: whole and synced when the promise resolves, or not there.
import { randomBytes } from "node:crypto";
import { link, mkdir, open, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FedError } from "../../foundation/errors.ts";

/**
 * Writes a new file, durably (fsync of the file and of its folder) and with its mode from the first byte on.
 * @param mode 0o600 for what only its owner may read
 * @throws FedError FILE_EXISTS, FILE_UNWRITABLE
 */
export async function writeNewFile(path: string, text: string, { mode }: { readonly mode: number }): Promise<void> {
  const folder = dirname(resolve(path));
  const temp = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const created = await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(temp, "wx", mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    // A link, unlike a rename, fails where the name is taken: also by a process that creates it at this moment.
    await link(temp, path);
    await sync(folder);
    // A new folder's name stands in its parent.
    for (let at = folder; created !== undefined && at.length >= created.length; ) {
      at = dirname(at);
      await sync(at);
    }
  } catch (cause) {
    const taken = (cause as NodeJS.ErrnoException).code === "EEXIST";
    throw taken
      ? new FedError("FILE_EXISTS", { path }, { cause, remedy: "nothing was overwritten: give another path" })
      : new FedError(
          "FILE_UNWRITABLE",
          { path },
          { cause, remedy: "check the folder's permissions and its free space" },
        );
  } finally {
    await rm(temp, { force: true });
  }
}

async function sync(folder: string): Promise<void> {
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
