// A file that an option names: one that cannot be read is the user's to know by name, not an error without explanation.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { FedError } from "../../foundation/errors.ts";

/** @throws FedError FILE_UNREADABLE */
export async function readGiven(path: string, option: string): Promise<Uint8Array> {
  return readFile(resolve(path)).catch((cause: unknown) => {
    throw new FedError(
      "FILE_UNREADABLE",
      { path, option },
      { cause, remedy: `check ${option}: is it there, and a file?` },
    );
  });
}
