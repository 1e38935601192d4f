// Two imports into one folder would overwrite each other: the second is refused while the first is running.
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ErrorFacts, FedError } from "../../foundation/errors.ts";

/**
 * Locks the folder for this process; the lock of a killed process is replaced.
 *
 * @returns unlocks the folder
 * @throws IMPORT_RUNNING
 */
export async function lockImport(staging: string): Promise<() => Promise<void>> {
  const path = join(staging, "import.pid");
  const take = () => writeFile(path, `${process.pid}\n`, { flag: "wx" });
  await take().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    const pid = Number(await readFile(path, "utf8").catch(() => ""));
    if (pid !== process.pid && isAlive(pid)) throw importRunning({ pid });
    await rm(path, { force: true });
    await take();
  });
  return () => rm(path, { force: true });
}

export function importRunning(facts: ErrorFacts, cause?: unknown): FedError {
  const remedy = "wait for the other import into this folder, or stop it: it can be continued";
  return new FedError("IMPORT_RUNNING", facts, { remedy, cause });
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
