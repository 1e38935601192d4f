// The last stage: runs `consilium audit` on the finished federation.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { moduleBeside } from "../../foundation/module-beside.ts";
import type { RunDirectory } from "./run-directory.ts";

const commandLine = fileURLToPath(moduleBeside("../consilium", import.meta.url));

/** The audit's output becomes this program's. @returns whether everything verified */
export function auditRun(
  run: RunDirectory,
  { rpc, json, signal }: { rpc: string; json: boolean; signal: AbortSignal },
): Promise<boolean> {
  const args = ["audit", "--run-dir", run.path, "--rpc", rpc, "--out", run.at("audit"), ...(json ? ["--json"] : [])];
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", commandLine, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      signal.removeEventListener("abort", stop);
      if (signal.aborted) reject(signal.reason);
      else resolve(code === 0);
    });
  });
}
