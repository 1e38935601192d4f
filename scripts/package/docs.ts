// `npm run docs`: the API reference of the public entries, from their comments, in build/api. A public name, or a property
// of one, without a comment is an error, and so is a type that a public name uses and no entry exports. A type that a zod
// schema infers has @useDeclaredType: typedoc then shows its fields, with the comments that they have in the schema.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
const { status } = spawnSync(join(root, "node_modules/.bin/typedoc"), process.argv.slice(2), {
  cwd: root,
  stdio: "inherit",
});
process.exitCode = status ?? 1;
