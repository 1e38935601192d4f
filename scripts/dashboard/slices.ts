// The pictures of a simulation's synthetic patients.
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Undefined before they are drawn. */
export async function readSlices(runDir: string): Promise<Uint8Array | undefined> {
  return readFile(join(runDir, "examples.png")).catch(() => undefined);
}
