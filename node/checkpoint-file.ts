// A hospital's training in progress, in one file: a killed process continues a long training from its last checkpoint.
import { readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makePrivateFolder, openPrivately } from "../foundation/private-files.ts";
import { sha256 } from "../foundation/sha256.ts";

export interface CheckpointFile {
  /** Undefined if there is none; "damaged" if its bytes are not those that were written. */
  read(): Promise<Uint8Array | "damaged" | undefined>;
  /** Durable when it resolves; the previous checkpoint stays until then. */
  write(checkpoint: Uint8Array): Promise<void>;
  remove(): Promise<void>;
}

const digestBytes = 32;

/** The file is the SHA-256 of the checkpoint (32 bytes), then the checkpoint. */
export function checkpointFile(path: string): CheckpointFile {
  const temporary = `${path}.tmp`;
  return {
    async read() {
      const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      if (bytes === undefined) return undefined;
      const checkpoint = bytes.subarray(digestBytes);
      const whole = bytes.byteLength > digestBytes && bytes.subarray(0, digestBytes).equals(sha256(checkpoint));
      return whole ? checkpoint : "damaged";
    },
    async write(checkpoint) {
      await makePrivateFolder(dirname(path));
      const file = await openPrivately(temporary, "w");
      try {
        await file.write(sha256(checkpoint));
        await file.writeFile(checkpoint);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    },
    async remove() {
      await rm(path, { force: true });
      await rm(temporary, { force: true });
    },
  };
}
