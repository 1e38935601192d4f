// Chains for the tests: Hardhat's node in this process, and anvil in its own, both on loopback with free ports.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { HDNodeWallet, Mnemonic, Wallet } from "ethers";
import { network } from "hardhat";

export interface TestChain {
  readonly url: string;
  readonly chainId: number;
  /** Raw JSON-RPC, for what only a test node can do. */
  rpc(method: string, params?: readonly unknown[]): Promise<unknown>;
  /** Lets chain time pass, and mines. */
  passTime(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** The nodes' well-known funded accounts. */
export function fundedWallet(index: number): Wallet {
  const phrase = "test test test test test test test test test test test junk";
  const { privateKey } = HDNodeWallet.fromMnemonic(Mnemonic.fromPhrase(phrase), `m/44'/60'/0'/0/${index}`);
  return new Wallet(privateKey);
}

export async function startHardhat(): Promise<TestChain> {
  const server = await network.createServer({ network: "node" }, "127.0.0.1", 0);
  const { port } = await server.listen();
  return testChain(`http://127.0.0.1:${port}`, () => server.close());
}

const anvil = fileURLToPath(new URL("../../../node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil", import.meta.url));

/** Anvil comes for one platform only. */
export function hasAnvil(): boolean {
  return existsSync(anvil);
}

export async function startAnvil(flags: readonly string[] = [], port?: number): Promise<TestChain & { port: number }> {
  const chosen = port ?? (await freePort());
  const child = spawn(anvil, ["--host", "127.0.0.1", "--port", String(chosen), ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`anvil ended with ${code}`)));
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
      if (output.includes("Listening on")) resolve();
    });
  });
  return { ...(await testChain(`http://127.0.0.1:${chosen}`, () => end(child))), port: chosen };
}

async function testChain(url: string, stop: () => Promise<void>): Promise<TestChain> {
  const rpc = async (method: string, params: readonly unknown[] = []): Promise<unknown> => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    });
    const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  };
  return {
    url,
    chainId: Number(await rpc("eth_chainId")),
    rpc,
    async passTime(seconds) {
      await rpc("evm_increaseTime", [seconds]);
      await rpc("evm_mine");
    },
    stop,
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
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
