// A hospital's training in progress, in one file: a process killed in the middle of a long training goes on from there.
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { sha256 } from "../foundation/sha256.ts";

export interface CheckpointFile {
  /** Undefined where there is none; "damaged" where it is not what was written. */
  read(): Promise<Uint8Array | "damaged" | undefined>;
  /** Durable and whole when it resolves; what was there before stays until then. */
  write(checkpoint: Uint8Array): Promise<void>;
  remove(): Promise<void>;
}

const digestBytes = 32;

/** The file is the SHA-256 of a checkpoint, and the checkpoint. */
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
      await mkdir(dirname(path), { recursive: true });
      const file = await open(temporary, "w");
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
