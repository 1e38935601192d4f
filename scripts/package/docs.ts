// `npm run docs`: the API reference of the public entries, from their comments, in build/api. A public name without a
// comment is an error.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const { status } = spawnSync(join(root, "node_modules/.bin/typedoc"), process.argv.slice(2), {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = status ?? 1;
