// Writes a stream to a new file that others cannot read; a file that could not be completed is removed.
import { mkdir, open, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import { takeName } from "../../foundation/take-name.ts";

/** Durable when it resolves. Never overwrites. @throws FILE_EXISTS, FILE_UNWRITABLE, and the codes of the stream */
export async function writeNewStream(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await mkdir(dirname(resolve(path)), { recursive: true, mode: 0o700 }).catch(unwritable(path));
  const file = await open(temporary, "wx", 0o600).catch(unwritable(path));
  try {
    try {
      for await (const piece of pieces) await file.writeFile(piece).catch(unwritable(path));
      await file.sync();
    } finally {
      await file.close();
    }
    await takeName(temporary, path).catch(unwritable(path));
  } finally {
    await rm(temporary, { force: true });
  }
}

function unwritable(path: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    throw new FedError(cause.code === "EEXIST" ? "FILE_EXISTS" : "FILE_UNWRITABLE", { path }, { cause });
  };
}
