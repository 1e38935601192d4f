// A whole simulated federation with hospitals that do nothing, beside `flwr run` with clients that do nothing: ours with a
// chain, encrypted connections and an average that everybody checks; Flower's with none of these.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pythonEnvironment } from "./python-environment.ts";
import type { BenchResult } from "./result.ts";
import { markedProcesses, marker, watchMemory } from "./simulate/process-tree.ts";

const rounds = 5;
const parameters = 100_000;
/** The last size is the headline. */
const sizes = [10, 50];

interface Measured {
  readonly roundsSeconds: number;
  readonly wholeSeconds: number;
  readonly peakBytes: number;
}

export async function run({ json }: { json: boolean }): Promise<BenchResult> {
  const here = (path: string) => fileURLToPath(new URL(`./simulate/${path}`, import.meta.url));
  const flower = await pythonEnvironment("flower-simulation-1.38.0", here("requirements.txt"));
  let ours: Measured | undefined;
  let peer: Measured | undefined;
  for (const size of sizes) {
    const dir = await mkdtemp(join(tmpdir(), "consilium-bench-"));
    try {
      const args = [here("ours.ts"), size, rounds, parameters, join(dir, "run")].map(String);
      ours = await measure(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {}, dir);
      peer = await measure(
        join(flower, "bin", "flwr"),
        [
          "run",
          here("flower"),
          "--stream",
          "--federation-config",
          `num-supernodes=${size}`,
          "--run-config",
          `num-server-rounds=${rounds} parameters=${parameters}`,
        ],
        {
          FLWR_HOME: join(dir, "flower"),
          PATH: `${join(flower, "bin")}:${process.env["PATH"]}`,
          FLWR_TELEMETRY_ENABLED: "0",
          RAY_USAGE_STATS_ENABLED: "0",
        },
        dir,
      );
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
    if (json) continue;
    for (const [name, { roundsSeconds, wholeSeconds, peakBytes }] of Object.entries({ ours, flower: peer })) {
      const mib = (peakBytes / 2 ** 20).toFixed(0);
      console.error(
        `${size} hospitals, ${name}: ${(roundsSeconds / rounds).toFixed(2)} s a round, ${wholeSeconds.toFixed(1)} s in all, ${mib} MiB`,
      );
    }
  }
  if (!ours || !peer) throw new Error("nothing was measured");
  return {
    name: "simulate",
    unit: "seconds",
    ours: ours.wholeSeconds,
    peer: peer.wholeSeconds,
    peerName: `flwr run 1.38.0, ${sizes.at(-1)} no-op clients`,
    ratio: ours.wholeSeconds / peer.wholeSeconds,
    memoryRatio: ours.peakBytes / peer.peakBytes,
  };
}

/** Runs a command that prints a JSON object with roundsSeconds, with everything it starts, and ends what it leaves running. */
async function measure(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Measured> {
  const mark = randomUUID();
  const started = performance.now();
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env, [marker]: mark },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const memory = watchMemory(mark);
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const wholeSeconds = (performance.now() - started) / 1000;
  const peakBytes = memory.stop();
  for (const pid of markedProcesses(mark)) process.kill(pid, "SIGKILL");
  const [report] = /\{"[^\n]*roundsSeconds[^\n]*\}/.exec(output) ?? [];
  if (code !== 0 || report === undefined) throw new Error(`${file} ended with ${code}:\n${output.slice(-2000)}`);
  return { ...(JSON.parse(report) as { roundsSeconds: number }), wholeSeconds, peakBytes };
}
