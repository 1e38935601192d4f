// Auditing a finished federation against a Python program that checks the same rounds with hashlib, eth-account (on
// libsecp256k1) and numpy. Ours checks more: canonical forms, the contract's rules, and every byte under a tree of hashes.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Workload, writeWorkload } from "./audit/workload.ts";
import { pythonEnvironment } from "./python-environment.ts";
import type { BenchResult } from "./result.ts";

const workload: Workload = { hospitals: 10, rounds: 5, parameters: 500_000 };
const repeats = 7;

/** What each side prints. */
interface Side {
  readonly seconds: readonly number[];
  readonly peakBytes: number;
  readonly verified: boolean;
}

const execute = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(`./audit/${path}`, import.meta.url));

/** Times are the fastest (other work on the machine only ever adds), memory each whole process's peak. */
export async function run({ json }: { json: boolean }): Promise<BenchResult> {
  const python = join(await pythonEnvironment("audit-eth-account", here("requirements.txt")), "bin/python");
  const folder = await mkdtemp(join(tmpdir(), "consilium-bench-"));
  try {
    await writeWorkload(folder, workload);
    const peer = await side(python, [here("peer.py"), folder, String(repeats)]);
    const ours = await side(process.execPath, [here("ours.ts"), folder, String(repeats)]);
    if (!ours.verified || !peer.verified) throw new Error("a side did not verify what it was given");
    if (!json) {
      const { hospitals, rounds, parameters } = workload;
      console.error(`${rounds} rounds x ${hospitals} hospitals x ${parameters} parameters`);
    }
    const [mine, theirs] = [Math.min(...ours.seconds), Math.min(...peer.seconds)];
    return {
      name: "audit",
      unit: "seconds",
      ours: mine,
      peer: theirs,
      peerName: "hashlib, eth-account and numpy",
      ratio: mine / theirs,
      memoryRatio: ours.peakBytes / peer.peakBytes,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function side(file: string, args: readonly string[]): Promise<Side> {
  const { stdout } = await execute(file, [...args]);
  return JSON.parse(stdout) as Side;
}
