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
  /** Of each round, where the command says. */
  readonly rounds?: readonly number[];
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
  const dir = await mkdtemp(join(tmpdir(), "consilium-bench-"));
  try {
    const args = [here("ours.ts"), hospitals, rounds, parameters, join(dir, "run")].map(String);
    const ours = await measure(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {}, dir);
    const peer = await measureFlower(here("flower"), hospitals, { "num-server-rounds": rounds, parameters }, dir);
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

/** The Python environment of `flwr run`, made at first need. */
export function flowerEnvironment(): Promise<string> {
  return pythonEnvironment("flower-simulation-1.38.0", fileURLToPath(new URL("requirements.txt", import.meta.url)));
}

/** Runs a Flower app in its simulation. @param config overrides values of the app's own. @param dir for what it leaves */
export async function measureFlower(
  app: string,
  clients: number,
  config: Readonly<Record<string, string | number>>,
  dir: string,
): Promise<Measured> {
  const flower = join(await flowerEnvironment(), "bin");
  const values = Object.entries(config).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return measure(
    join(flower, "flwr"),
    ["run", app, "--stream", "--federation-config", `num-supernodes=${clients}`, "--run-config", values.join(" ")],
    {
      FLWR_HOME: join(dir, "flower"),
      PATH: `${flower}:${process.env["PATH"]}`,
      FLWR_TELEMETRY_ENABLED: "0",
      RAY_USAGE_STATS_ENABLED: "0",
    },
    dir,
  );
}

/** Runs a command that prints a JSON object with roundsSeconds, with everything it starts, and ends what it leaves running. */
export async function measure(
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
  return { ...(JSON.parse(found) as Pick<Measured, "roundsSeconds" | "rounds">), wholeSeconds, peakBytes };
}
