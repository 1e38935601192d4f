// All checks that do not run the project: format and lint, types, import rules, dead code, Solidity style, the
// reference of configuration fields, prose.
import { spawnSync } from "node:child_process";

const checks = [
  ["lint and format", "biome", ["ci", "--error-on-warnings", "."]],
  ["types", "tsc", ["-p", "."]],
  ["types of the page", "tsc", ["-p", "dashboard/page"]],
  [
    "import rules",
    "depcruise",
    [
      "--config",
      ".dependency-cruiser.cjs",
      "protocol",
      "imaging",
      "foundation",
      "model",
      "io",
      "party",
      "node",
      "aggregator",
      "auditor",
      "dashboard",
      "library",
      "examples",
      "study",
      "scripts",
      "test",
      "bench",
    ],
  ],
  ["dead code", "knip", []],
  ["solidity", "solhint", ["--disc", "--noPoster", "--max-warnings", "0", "contracts/**/*.sol"]],
  [
    "configuration fields",
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "scripts/checks/write-configuration.ts", "--check"],
  ],
  ["prose", process.execPath, ["--disable-warning=ExperimentalWarning", "scripts/checks/prose.ts"]],
] as const;

let failed = 0;
for (const [name, tool, args] of checks) {
  const started = performance.now();
  const program = tool === process.execPath ? tool : `node_modules/.bin/${tool}`;
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  if (status !== 0) {
    failed++;
    console.log(stdout, stderr);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
