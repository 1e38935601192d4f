// `npm run pack`: builds and packs, in that order. npm pack alone would leave the build to a lifecycle script, which .npmrc
// switches off for the sake of the packages that are installed.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

function run(program: string, ...args: string[]): void {
  const { status } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

for (const script of ["build.ts", "licences.ts"]) run(process.execPath, join(import.meta.dirname, script));
run("npm", "pack", ...process.argv.slice(2));
