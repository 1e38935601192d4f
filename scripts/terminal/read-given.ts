// Reads a file that an option names; an error names the file and the option.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { FedError } from "../../foundation/errors.ts";

/** @throws FILE_UNREADABLE */
export async function readGiven(path: string, option: string): Promise<Uint8Array> {
  return readFile(resolve(path)).catch((cause: unknown) => {
    throw new FedError(
      "FILE_UNREADABLE",
      { path, option },
      { cause, remedy: `check ${option}: is it there, and a file?` },
    );
  });
}
