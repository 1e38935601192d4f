// Averaging a round's updates against Flower 1.38.0: the same weights, ours from files as hospitals sent them, Flower's
// from its records in memory. In one run both sides say whether the order of arrival changes the model's bytes.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { twentyFiveMillion, twoMillion, type Workload, writeWorkload } from "./aggregate/workload.ts";
import { pythonEnvironment } from "./python-environment.ts";
import type { BenchResult } from "./result.ts";

const cases: readonly (Workload & { readonly name: string; readonly repeats: number })[] = [
  { name: "5 x 2,098,176", hospitals: 5, shapes: twoMillion, repeats: 9 },
  { name: "20 x 2,098,176", hospitals: 20, shapes: twoMillion, repeats: 9 },
  { name: "50 x 2,098,176", hospitals: 50, shapes: twoMillion, repeats: 9 },
  { name: "20 x 25,000,000", hospitals: 20, shapes: twentyFiveMillion, repeats: 4 },
];

/** What each side prints. */
interface Side {
  readonly seconds: readonly number[];
  readonly peakBytes: number;
  /** Before it had read anything. */
  readonly idleBytes: number;
  readonly orderChangesBytes: boolean;
}

const execute = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(`./aggregate/${path}`, import.meta.url));

/** The headline is the sum of all cases' fastest times (other work on the machine only ever adds), and the whole process's peak memory in the largest of them. */
export async function run(): Promise<BenchResult> {
  const python = join(await pythonEnvironment("flwr-1.38.0", here("requirements.txt")), "bin/python");
  const scratch = await mkdtemp(join(tmpdir(), "consilium-bench-"));
  const total = { ours: 0, peer: 0 };
  const peak = { ours: 0, peer: 0 };
  try {
    for (const { name, repeats, ...workload } of cases) {
      const folder = join(scratch, name.replaceAll(/\W+/g, "-"));
      await mkdir(folder);
      await writeWorkload(folder, workload);
      const args = [folder, String(repeats)];
      const peer = await side(python, [here("peer.py"), ...args]);
      const ours = await side(process.execPath, [here("ours.ts"), ...args]);
      await rm(folder, { recursive: true });
      tell(name, ours, peer);
      total.ours += Math.min(...ours.seconds);
      total.peer += Math.min(...peer.seconds);
      peak.ours = Math.max(peak.ours, ours.peakBytes);
      peak.peer = Math.max(peak.peer, peer.peakBytes);
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return {
    name: "aggregate",
    unit: "seconds",
    ours: total.ours,
    peer: total.peer,
    peerName: "flwr 1.38.0",
    ratio: total.ours / total.peer,
    memoryRatio: peak.ours / peak.peer,
  };
}

async function side(file: string, args: readonly string[]): Promise<Side> {
  const { stdout } = await execute(file, [...args]);
  return JSON.parse(stdout) as Side;
}

function tell(name: string, ours: Side, peer: Side): void {
  const line = (who: string, { seconds, peakBytes, idleBytes, orderChangesBytes }: Side) => {
    const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
    const order = orderChangesBytes ? "another order gives OTHER bytes" : "any order gives the same bytes";
    const memory = `peak ${mebibytes(peakBytes)} (${mebibytes(idleBytes)} of it idle)`;
    console.error(`  ${who.padEnd(12)} ${Math.min(...seconds).toFixed(3)} s, ${memory}, ${order}`);
  };
  console.error(name);
  line("ours", ours);
  line("flwr 1.38.0", peer);
  const time = Math.min(...ours.seconds) / Math.min(...peer.seconds);
  const added = (ours.peakBytes - ours.idleBytes) / (peer.peakBytes - peer.idleBytes);
  console.error(
    `  ratio: time ${time.toFixed(3)}, peak memory ${(ours.peakBytes / peer.peakBytes).toFixed(3)}, beyond idle ${added.toFixed(3)}`,
  );
}
