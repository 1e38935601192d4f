// Compiles the contracts with solc from npm if a source or the configuration changed.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, readStamp, run, say } from "./step.mjs";

export async function ensureContracts({ root, node, env }) {
  const stamp = join(root, "artifacts", ".consilium-sources");
  const wanted = await digestOf(
    join(root, "contracts"),
    join(root, "hardhat.config.ts"),
    join(root, "package-lock.json"),
  );
  if ((await readStamp(stamp)) === wanted) return;
  say("compiling the contracts");
  await run(node, [join(root, "node_modules", "hardhat", "dist", "src", "cli.js"), "build", "--quiet"], {
    cwd: root,
    env,
    remedy: "see the compiler's message above",
  });
  await writeFile(stamp, wanted);
}
