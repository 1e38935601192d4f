// Writes a file that must not be lost and must not replace another: either it is complete and synced, or it does not exist.
import { randomBytes } from "node:crypto";
import { mkdir, open, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import { syncFolder, takeName } from "../../foundation/take-name.ts";

/**
 * Writes a new file durably (fsync of the file and of its folder), with its mode from the first byte on.
 * @param mode 0o600 if only the owner may read it
 * @throws FILE_EXISTS, FILE_UNWRITABLE
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
    await takeName(temp, path);
    await syncFolder(folder);
    // The name of a new folder is stored in its parent.
    for (let at = folder; created !== undefined && at.length >= created.length; ) {
      at = dirname(at);
      await syncFolder(at);
    }
  } catch (cause) {
    const taken = (cause as NodeJS.ErrnoException).code === "EEXIST";
    throw new FedError(taken ? "FILE_EXISTS" : "FILE_UNWRITABLE", { path }, { cause });
  } finally {
    await rm(temp, { force: true });
  }
}
