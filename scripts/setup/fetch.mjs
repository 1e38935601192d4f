// Fetches what some commands need beside an installed package, into the cache: node fetch.mjs tensorflow FOLDER-NAME
// (scripts/fetch.ts starts it; a checkout has all of it in node_modules). Plain JavaScript, as the rest of the set-up.
import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SetupError } from "./setup-error.mjs";
import { buildOnce, placeOf, run, say } from "./step.mjs";
import { ensureTensorFlow } from "./tensorflow.mjs";

const here = dirname(fileURLToPath(import.meta.url));

async function main() {
  const [need, name] = process.argv.slice(2);
  const folder = placeOf(name);
  if (!existsSync(folder)) {
    say(`fetching ${need} into ${folder}`);
    await buildOnce(folder, async (temporary) => {
      await cp(join(here, "needs", need), temporary, { recursive: true });
      // Install scripts are not run: tfjs-node-gpu's would download from outside the package registries.
      await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
        cwd: temporary,
        remedy: "check that npm is there and reaches its registry",
      });
    });
  }
  if (need === "tensorflow") await ensureTensorFlow({ root: folder, env: process.env });
}

main().catch((error) => {
  if (!(error instanceof SetupError)) throw error;
  console.error(`${error.message}\n  ${error.remedy}`);
  process.exit(1);
});
