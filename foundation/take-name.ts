// Gives a finished file its name without ever replacing another: also on disks without hard links, such as exFAT on a USB stick
// and many network shares.
import { link, lstat, mkdir, open, rename, rmdir, stat } from "node:fs/promises";

/** Of the claim that a process leaves which dies while it renames. */
const staleMs = 60_000;
const withoutLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "UNKNOWN"]);
const withoutFolderSync = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EPERM", "EISDIR"]);

/**
 * Gives a temporary file its name. It may still have the temporary one as well.
 *
 * @throws the system's errors; EEXIST where the name is taken, also if another process takes it at this moment
 */
export async function takeName(temporary: string, path: string): Promise<void> {
  try {
    // Unlike a rename, a link fails where the name is taken.
    await link(temporary, path);
  } catch (cause) {
    if (!withoutLinks.has(String((cause as NodeJS.ErrnoException).code))) throw cause;
    await renameAlone(temporary, path);
  }
}

/** Syncs a folder's names, where the disk can. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (cause) {
    if (!withoutFolderSync.has(String((cause as NodeJS.ErrnoException).code))) throw cause;
  } finally {
    await folder.close();
  }
}

/** Only one process at a time can make the folder that stands for the claim. */
async function renameAlone(temporary: string, path: string): Promise<void> {
  const claim = `${path}.claim`;
  await mkdir(claim).catch(async (cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EEXIST") throw cause;
    // It may be gone by now: the other process has just taken the name.
    const found = await stat(claim).catch(() => undefined);
    if (!found || Date.now() - found.mtimeMs < staleMs) throw cause;
  });
  try {
    const isTaken = (await lstat(path).catch(() => undefined)) !== undefined;
    if (isTaken) throw Object.assign(new Error("the name is taken"), { code: "EEXIST" });
    await rename(temporary, path);
  } finally {
    await rmdir(claim).catch(() => {});
  }
}
