// Runs our federation of idle hospitals and Flower's of idle clients, one after the other, and measures both alike.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pythonEnvironment } from "../python-environment.ts";
import { markedProcesses, marker, watchMemory } from "./process-tree.ts";

export interface Size {
  readonly hospitals: number;
  readonly rounds: number;
  /** Of the model. */
  readonly parameters: number;
}

export interface Measured {
  /** From the first round's beginning to the last one's end. */
  readonly roundsSeconds: number;
  /** From the command to its end. */
  readonly wholeSeconds: number;
  /** Of all its processes together. */
  readonly peakBytes: number;
}

export async function compareWithFlower(
  size: Size,
  { report }: { report: boolean },
): Promise<{ ours: Measured; peer: Measured }> {
  const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  const { hospitals, rounds, parameters } = size;
  const flower = join(await pythonEnvironment("flower-simulation-1.38.0", here("requirements.txt")), "bin");
  const dir = await mkdtemp(join(tmpdir(), "consilium-bench-"));
  try {
    const args = [here("ours.ts"), hospitals, rounds, parameters, join(dir, "run")].map(String);
    const ours = await measure(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {}, dir);
    const config = ["--federation-config", `num-supernodes=${hospitals}`];
    const runConfig = ["--run-config", `num-server-rounds=${rounds} parameters=${parameters}`];
    const peer = await measure(
      join(flower, "flwr"),
      ["run", here("flower"), "--stream", ...config, ...runConfig],
      {
        FLWR_HOME: join(dir, "flower"),
        PATH: `${flower}:${process.env["PATH"]}`,
        FLWR_TELEMETRY_ENABLED: "0",
        RAY_USAGE_STATS_ENABLED: "0",
      },
      dir,
    );
    if (report) {
      for (const [name, { roundsSeconds, wholeSeconds, peakBytes }] of Object.entries({ ours, flower: peer })) {
        const round = (roundsSeconds / rounds).toFixed(2);
        const mib = (peakBytes / 2 ** 20).toFixed(0);
        console.error(
          `${hospitals} hospitals, ${name}: ${round} s a round, ${wholeSeconds.toFixed(1)} s in all, ${mib} MiB`,
        );
      }
    }
    return { ours, peer };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
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
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const wholeSeconds = (performance.now() - started) / 1000;
  const peakBytes = memory.stop();
  for (const pid of markedProcesses(mark)) process.kill(pid, "SIGKILL");
  const [found] = /\{"[^\n]*roundsSeconds[^\n]*\}/.exec(output) ?? [];
  if (code !== 0 || found === undefined) throw new Error(`${file} ended with ${code}:\n${output.slice(-2000)}`);
  return { ...(JSON.parse(found) as Pick<Measured, "roundsSeconds">), wholeSeconds, peakBytes };
}
