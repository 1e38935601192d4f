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
  const own = `${process.pid} ${await birthOf(process.pid)}`;
  const take = () => writeFile(path, `${own}\n`, { flag: "wx" });
  await take().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
    const [pid, birth] = (await readFile(path, "utf8").catch(() => "")).trim().split(" ");
    const holder = Number(pid);
    if (holder !== process.pid && isAlive(holder) && (!birth || birth === (await birthOf(holder)))) {
      throw importRunning({ pid: holder });
    }
    await rm(path, { force: true });
    await take();
  });
  return () => rm(path, { force: true });
}

/**
 * When a process began, in a word that no other process of this number has, on this machine or after its next start: a number is
 * given again, and the first process of a container has the same one each time. Empty where the system does not say.
 */
async function birthOf(pid: number): Promise<string> {
  const [boot, status] = await Promise.all(
    ["/proc/sys/kernel/random/boot_id", `/proc/${pid}/stat`].map((path) => readFile(path, "latin1").catch(() => "")),
  );
  // The name of the program, in brackets, may hold spaces; the 20th value behind it is the time of its start.
  const started = status!.slice(status!.lastIndexOf(")") + 2).split(" ")[19];
  return boot && started ? `${boot.trim()}:${started}` : "";
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
