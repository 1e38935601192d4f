// `npm run build`: JavaScript and declarations of what is published, in build/, in the tree of the sources. What is read at
// run time lies beside it, so that every relative path holds in both.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "../..");
const build = join(root, "build");

/** Read at run time, or imported by declarations. */
const copied = [
  "artifacts/contracts/TrainingRounds.sol/TrainingRounds.json",
  "artifacts/contracts/TrainingRounds.sol/artifacts.d.ts",
  "dashboard/page/enter.html",
  "dashboard/page/favicon.svg",
  "dashboard/page/index.html",
  "dashboard/page/page.css",
  "scripts/setup",
];

rmSync(build, { recursive: true, force: true });
const { status } = spawnSync(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
if (status === 0) {
  for (const path of copied) {
    mkdirSync(dirname(join(build, path)), { recursive: true });
    cpSync(join(root, path), join(build, path), { recursive: true });
  }
  const { name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const described = { name, version, private: true, type: "module" };
  writeFileSync(join(build, "package.json"), `${JSON.stringify(described, null, 2)}\n`);
}
process.exitCode = status ?? 1;
