// Prevents two processes from using one key file: two parties with one chain key would take each other's nonces and could
// sign two statements for one round. The store's own lock does not help if the processes have different stores.
import { stat } from "node:fs/promises";
import { createServer } from "node:net";
import { FedError } from "../foundation/errors.ts";

export interface KeyLock {
  release(): Promise<void>;
}

/**
 * Locks a key file for this process until it releases it or ends in any way. The lock is a listening socket in the kernel's
 * abstract namespace (a pipe on Windows), named by the file's device and inode, so no stale lock file can remain.
 * It does not detect a copy of the file, nor a process in another network namespace.
 * @throws KEY_IN_USE
 */
export async function lockKeyFile(path: string): Promise<KeyLock> {
  const { dev, ino } = await stat(path);
  const name = `consilium-key-${dev}-${ino}`;
  const address = process.platform === "win32" ? `\\\\.\\pipe\\${name}` : `\0${name}`;
  // Other systems have no abstract namespace.
  if (process.platform !== "win32" && process.platform !== "linux") return { release: async () => {} };
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(cause.code === "EADDRINUSE" ? new FedError("KEY_IN_USE", { path }, { cause }) : cause),
    );
    server.listen(address, resolve);
  });
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}
