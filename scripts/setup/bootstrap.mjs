// The first program that runs on a fresh machine, so plain JavaScript for any Node from 18 on. It installs
// what the project needs, prints nothing if there is nothing to do, and runs the command under a suitable Node.
//
//   node scripts/setup/bootstrap.mjs consilium simulate --rounds 3
//   node scripts/setup/bootstrap.mjs test
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureContracts } from "./contracts.mjs";
import { ensureNode } from "./node.mjs";
import { ensurePackages } from "./packages.mjs";
import { SetupError } from "./setup-error.mjs";
import { ensureTensorFlow } from "./tensorflow.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** The command of each word after `bootstrap.mjs`. */
const commands = {
  consilium: ["scripts/consilium.ts"],
  test: ["scripts/checks/run-tests.ts"],
  "test:e2e": ["scripts/checks/run-tests.ts", "--e2e"],
  "test:sim": ["test/simulation/run.ts"],
  "test:soak": ["test/soak/run.ts"],
  "test:mutants": ["scripts/checks/mutate.ts"],
  check: ["scripts/checks/check.ts"],
  bench: ["bench/bench.ts"],
  build: ["scripts/package/build.ts"],
  pack: ["scripts/package/pack.ts"],
  docs: ["scripts/package/docs.ts"],
  licences: ["scripts/package/licences.ts"],
};

async function main() {
  const [word, ...rest] = process.argv.slice(2);
  const command = commands[word];
  if (!command) throw new SetupError(`unknown command "${word}"`, `use one of ${Object.keys(commands).join(", ")}`);
  const node = await ensureNode();
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` };
  await ensurePackages({ root, env });
  await ensureTensorFlow({ root, node, env });
  await ensureContracts({ root, node, env });
  // The user's folder when npm was called, which relative paths in arguments refer to.
  const cwd = process.env.INIT_CWD ?? process.cwd();
  const child = spawn(
    node,
    ["--disable-warning=ExperimentalWarning", join(root, command[0]), ...command.slice(1), ...rest],
    {
      // Over the channel the child notices that this process was killed (scripts/terminal/end-with-parent.ts).
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      cwd: word === "consilium" ? cwd : root,
      env,
    },
  );
  // The terminal sends Ctrl-C to the child too; a signal to this process alone is forwarded.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
}

main().catch((error) => {
  if (!(error instanceof SetupError)) throw error;
  console.error(`${error.message}\n  ${error.remedy}`);
  process.exit(1);
});
