// Starts and stops the simulation's chain (chain-process.ts) and returns its URL.
import { type ChildProcess, fork } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { FedError } from "../../foundation/errors.ts";
import { requireFetched } from "../../foundation/fetched-packages.ts";
import { moduleBeside } from "../../foundation/module-beside.ts";

const program = fileURLToPath(moduleBeside("./chain-process", import.meta.url));

export interface Chain {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * @param journal file that keeps the chain's blocks between starts
 * @param port 0 for any free one
 * @throws PORT_IN_USE, PACKAGE_MISSING, CHAIN_START
 */
export async function startChain({ journal, port = 0 }: { journal: string; port?: number }): Promise<Chain> {
  if (port !== 0 && !(await isFree(port))) {
    throw new FedError(
      "PORT_IN_USE",
      { port },
      { remedy: "give another --rpc-port, or leave it out for any free one" },
    );
  }
  requireFetched("hardhat"); // said here, and not by the chain's process
  const child = fork(program, [String(port), journal], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  let complaints = "";
  child.stderr?.on("data", (chunk) => {
    complaints = (complaints + chunk).slice(-2000);
  });
  const served = await new Promise<number>((resolve, reject) => {
    child.once("message", (message) => resolve((message as { port: number }).port));
    child.once("exit", (code) =>
      reject(new FedError("CHAIN_START", { code: code ?? -1 }, { cause: new Error(complaints) })),
    );
  });
  return { url: `http://127.0.0.1:${served}`, pid: child.pid as number, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
