// Writes files that are complete after a power cut or not there at all: file, rename and folder are synced.
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { FedError } from "../../foundation/errors.ts";

/** Writes the bytes to `temp`, syncs, and moves them to `target`. @throws STORE_FULL */
export async function writeDurably(bytes: Uint8Array, { temp, target }: { temp: string; target: string }) {
  try {
    const file = await open(temp, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await moveDurably(temp, target);
  } catch (error) {
    await rm(temp, { force: true });
    throw storageError(error);
  }
}

/** Moves a synced file into a directory, which it creates if necessary, so that the new name survives a power cut. */
export async function moveDurably(source: string, target: string): Promise<void> {
  const directory = dirname(target);
  let created: string | undefined;
  try {
    await rename(source, target);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
    created = await mkdir(directory, { recursive: true });
    await rename(source, target);
  }
  await syncDirectory(directory);
  if (created !== undefined) await syncDirectory(dirname(directory));
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** STORE_FULL for a full disk; any other error unchanged. */
export function storageError(error: unknown): unknown {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new FedError("STORE_FULL", {}, { cause: error });
}
