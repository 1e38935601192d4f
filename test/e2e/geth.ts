// geth, the most used client of Ethereum, built from source if Go is installed: a chain with real fee rules, a real
// transaction pool and one-second blocks.
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);
const version = "1.17.10";
const folder = join(homedir(), ".cache", "consilium", `geth-${version}`);
const binary = join(folder, "geth");
const chainId = 4711;

export interface GethChain {
  readonly url: string;
  readonly chainId: number;
  stop(): Promise<void>;
}

/** Builds geth once for this user (about three minutes). @returns the reason why there is none; undefined on success */
export async function ensureGeth(): Promise<string | undefined> {
  if (existsSync(binary)) return undefined;
  try {
    await execute("go", ["version"]);
  } catch {
    return "Go is not installed";
  }
  const build = `${folder}.${process.pid}`;
  try {
    await mkdir(build, { recursive: true });
    const env = { ...process.env, GOBIN: build };
    await execute("go", ["install", `github.com/ethereum/go-ethereum/cmd/geth@v${version}`], { env });
    await mkdir(folder, { recursive: true });
    await rename(join(build, "geth"), binary);
    return undefined;
  } catch (error) {
    return `geth did not build: ${String((error as { stderr?: string }).stderr ?? error).slice(-300)}`;
  } finally {
    await rm(build, { recursive: true, force: true });
  }
}

/** A private chain with one-second blocks, and a balance for the given accounts. */
export async function startGeth(rich: readonly string[]): Promise<GethChain> {
  const data = await mkdtemp(join(tmpdir(), "consilium-geth-"));
  await execute(binary, ["init", "--datadir", data, await writeGenesis(data, rich)]);
  const port = await freePort();
  const flags = ["--dev", "--dev.period", "1", "--datadir", data, "--nodiscover", "--port", "0", "--authrpc.port", "0"];
  const http = ["--http", "--http.addr", "127.0.0.1", "--http.port", String(port), "--http.api", "eth,net,web3"];
  const child = spawn(binary, [...flags, ...http], { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr.on("data", (chunk) => {
    output = (output + chunk).slice(-4000);
  });
  const url = `http://127.0.0.1:${port}`;
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`geth ended: ${output}`);
    await sleep(100);
  }
  return {
    url,
    chainId,
    async stop() {
      if (child.exitCode === null) {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGINT");
        await ended;
      }
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** geth's genesis of a development chain, without the fork after Osaka: no chain has that fork's gas prices yet. */
async function writeGenesis(data: string, rich: readonly string[]): Promise<string> {
  const { stdout } = await execute(binary, ["--dev", "dumpgenesis"], { maxBuffer: 1 << 24 });
  const genesis = JSON.parse(stdout) as { config: Record<string, unknown>; alloc: Record<string, unknown> };
  delete genesis.config["bogotaTime"];
  genesis.config["chainId"] = chainId;
  for (const account of rich)
    genesis.alloc[account.slice(2).toLowerCase()] = { balance: `0x${(10n ** 21n).toString(16)}` };
  const path = join(data, "genesis.json");
  await writeFile(path, JSON.stringify(genesis));
  return path;
}

async function answers(url: string): Promise<boolean> {
  try {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] });
    const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
    return Number(((await response.json()) as { result: string }).result) > 0;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
