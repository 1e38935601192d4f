// What a command needs beyond what is installed: said in one line before the command does anything, and fetched on request.
import { spawn } from "node:child_process";
import { basename } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { FedError } from "../../foundation/errors.ts";
import { fetchedFolder, hasFetched, type Need } from "../../foundation/fetched-packages.ts";

/** What each need is, and what fetching it takes. */
export const descriptions: Readonly<Record<Need, string>> = {
  tensorflow: "TensorFlow (400 MB to download from npm and PyPI; Python 3 with pip, g++ and make must be there)",
  hardhat: "Hardhat (60 MB to download from npm)",
  opentelemetry: "the OpenTelemetry SDK (30 MB on disk, from npm)",
};

/**
 * Makes sure that the needs are met: fetches them if `fetch` is given or the person at the terminal agrees.
 * @throws PACKAGE_MISSING if they are neither there nor wanted, FETCH_FAILED
 */
export async function offerNeeds(
  command: string,
  wanted: readonly Need[],
  { fetch }: { readonly fetch: boolean },
): Promise<void> {
  for (const need of wanted) {
    if (hasFetched(need)) continue;
    process.stderr.write(`consilium ${command} also needs ${descriptions[need]}\n`);
    if (!fetch && !(await isAgreed())) {
      const remedy = `run consilium fetch ${need}, or this command again with --fetch`;
      throw new FedError("PACKAGE_MISSING", { command, need }, { remedy });
    }
    await fetchNeed(need);
  }
}

/** Installs the need's packages into the cache, with its output on stderr. @throws FETCH_FAILED */
export async function fetchNeed(need: Need): Promise<void> {
  const program = fileURLToPath(new URL("../setup/fetch.mjs", import.meta.url));
  const folder = fetchedFolder(need);
  const child = spawn(process.execPath, [program, need, basename(folder)], { stdio: ["ignore", "inherit", "inherit"] });
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
  if (code !== 0 || !hasFetched(need)) throw new FedError("FETCH_FAILED", { need, folder });
}

async function isAgreed(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve(""))); // Ctrl-D
    return /^y(es)?$/i.test((await Promise.race([terminal.question("fetch it now? [y/N] "), closed])).trim());
  } finally {
    terminal.close();
  }
}
