// npm's packages, exactly as locked. Run by the right Node: under Node 20 npm silently skips Hardhat's native part.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, readStamp, run, say } from "./step.mjs";

export async function ensurePackages({ root, env }) {
  const stamp = join(root, "node_modules", ".consilium-lock");
  const wanted = await digestOf(join(root, "package-lock.json"));
  if ((await readStamp(stamp)) === wanted) return;
  say("installing npm packages (about half a minute)");
  await run("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: root,
    env,
    remedy: "check that npm reaches its registry",
  });
  await writeFile(stamp, wanted);
}
