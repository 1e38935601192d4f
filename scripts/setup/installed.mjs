// The command line of an installed package, whose JavaScript was built. Nothing is set up: only a Node that is too old is
// replaced, since libp2p fails on it with a misleading error.
import { spawn } from "node:child_process";
import module from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureNode } from "./node.mjs";
import { SetupError } from "./setup-error.mjs";
import { cacheDir } from "./step.mjs";

const commandLine = new URL("../consilium.js", import.meta.url);

try {
  const node = await ensureNode();
  if (node === process.execPath) {
    module.enableCompileCache(join(cacheDir, "compiled")); // ethers alone takes 0.2 s to compile
    await import(commandLine.href);
  } else {
    const child = spawn(node, [fileURLToPath(commandLine), ...process.argv.slice(2)], {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
    });
    process.on("SIGINT", () => {});
    for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
    child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`${error.message}\n  ${error.remedy}`);
  process.exit(1);
}
