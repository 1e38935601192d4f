// Files and folders with patients' data or keys: for their owner only, complete or not there, and never written through a
// symbolic link that was there before.
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FedError } from "./errors.ts";
import { syncFolder, takeName } from "./take-name.ts";

const fileMode = 0o600;
const folderMode = 0o700;

/** Makes a folder for its owner only, and those above it that are missing. @throws FILE_UNWRITABLE */
export function makePrivateFolder(path: string): Promise<void> {
  return makeFolder(path, folderMode);
}

/**
 * Makes a folder, and those above it that are missing, one by one: Node's own recursive mkdir never returns where the system
 * says that a folder is not there, and is asked to make it, as in /proc.
 *
 * @throws FILE_UNWRITABLE on a disk that may not be written, or where a file has the folder's name
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  const folder = resolve(path);
  if (await isFolder(folder)) return;
  if (dirname(folder) !== folder) await makeFolder(dirname(folder), mode);
  try {
    await mkdir(folder, { mode });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    // Another process may have made it meanwhile.
    if (code === "EEXIST" && (await isFolder(folder))) return;
    const isNamed = code === "ENOENT" || code === "EROFS" || code === "EEXIST";
    throw isNamed ? new FedError("FILE_UNWRITABLE", { reason: code }, { cause }) : cause;
  }
}

/** Whether others on this machine may read or change a file: its mode says so, or its disk, such as exFAT, keeps no modes. */
export async function isOpenToOthers(path: string): Promise<boolean> {
  const { mode } = await stat(path);
  return (mode & 0o077) !== 0;
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

/** @param flags such as "w" or "a+"; the last part of the path must not be a link */
export function openPrivately(path: string, flags: "w" | "a+" | "wx"): Promise<FileHandle> {
  const { O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_WRONLY, O_RDWR, O_NOFOLLOW } = constants;
  const how = { w: O_WRONLY | O_CREAT | O_TRUNC, "a+": O_RDWR | O_CREAT | O_APPEND, wx: O_WRONLY | O_CREAT | O_EXCL };
  return open(path, how[flags] | O_NOFOLLOW, fileMode);
}

/**
 * Writes a file and syncs it.
 *
 * @throws STORE_FULL, FILE_UNWRITABLE
 */
export async function writePrivately(path: string, content: string | Uint8Array): Promise<void> {
  await diskFailuresNamed(async () => {
    await makePrivateFolder(dirname(path));
    const file = await openPrivately(path, "w").catch((cause: NodeJS.ErrnoException) => {
      // The folder is there, and is none in which files can be made, such as /proc.
      throw cause.code === "ENOENT" ? new FedError("FILE_UNWRITABLE", { reason: cause.code }, { cause }) : cause;
    });
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/**
 * Writes a file that is not there yet: whole, or not at all.
 *
 * @returns false where another process has written it first
 * @throws STORE_FULL, FILE_UNWRITABLE
 */
export async function writeNewPrivately(path: string, content: string): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await writePrivately(temporary, content);
    await diskFailuresNamed(async () => {
      await takeName(temporary, path);
      await syncFolder(dirname(resolve(path)));
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Refuses a path that is a symbolic link: output would be written to its target.
 *
 * @throws OUT_IS_LINK
 */
export async function refuseLink(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isSymbolicLink()) return;
  throw new FedError("OUT_IS_LINK");
}

/** Runs `work`; a full disk, and one that may not be written, are errors with names. @throws STORE_FULL, FILE_UNWRITABLE */
export async function diskFailuresNamed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isDiskFull(error)) throw diskFull(error);
    const { code } = error as NodeJS.ErrnoException;
    throw code !== undefined && unwritable.has(code)
      ? new FedError("FILE_UNWRITABLE", { reason: code }, { cause: error })
      : error;
  }
}

const unwritable = new Set([
  ...["EACCES", "EPERM", "EROFS"],
  // Too large for FAT32 or a limit of the system, a failing disk, a share that is gone, too many open files.
  ...["EFBIG", "EIO", "ENXIO", "ENODEV", "ESTALE", "ENOTCONN", "EMFILE", "ENFILE"],
  // Something else has the name, or the name is too long for the disk.
  ...["EISDIR", "ERR_FS_EISDIR", "ENOTDIR", "ENAMETOOLONG"],
]);

function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // The database of the outcomes says it in its message only.
  return (
    ["ENOSPC", "EDQUOT"].includes(String((error as NodeJS.ErrnoException).code)) ||
    /no space left on device|disk quota exceeded/i.test(error.message) ||
    isDiskFull(error.cause)
  );
}

function diskFull(cause: unknown): FedError {
  return new FedError("STORE_FULL", {}, { cause, remedy: "free disk space and start again: nothing is lost" });
}
