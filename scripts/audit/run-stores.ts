// Finds the stores of a simulation's parties.
import { existsSync } from "node:fs";
import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";

/** The stores of all parties, each once; parties of one process share one. */
export async function storesOfRun(runDir: string): Promise<string[]> {
  const entries = await readdir(runDir, { withFileTypes: true });
  const stores = entries
    .map((entry) => join(runDir, entry.name, "store", "blobs"))
    .filter((store) => existsSync(join(store, "objects")));
  return [...new Set(await Promise.all(stores.map((store) => realpath(store))))];
}
