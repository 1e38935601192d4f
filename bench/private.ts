// A private round of ten hospitals beside one of Flower 1.38.0's SecAgg+, on the same array of 2,098,176 parameters and without
// training, both whole: ours with chain, network and stores, from a round's opening until every hospital has adopted the model that it
// derived itself; Flower's by `flwr run`, its simulation with its own workflow and messages. Seconds by the clock, the median of three
// rounds: Flower's first one starts its workers, ours makes tables. Before that, on stderr and in the result's processor seconds,
// the arithmetic of masks and of all parties' parts, in one process and without chain and network on both sides.
import { execFile } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BenchResult } from "./result.ts";
import { flowerEnvironment, type Measured, measure, measureFlower } from "./simulate/compare.ts";

const parameters = 2_098_176;
const hospitals = 10;
const largest = 3276;
const repeats = 3;
const rounds = 3;

/** What each side prints of masks alone; the fastest of its repeats. */
interface Side {
  /** One hospital's mask. */
  readonly maskSeconds: number;
  /** The sum of all masked vectors, and the masks taken off again. */
  readonly unmaskSeconds: number;
  readonly peakBytes: number;
}

interface Parts {
  /** Processor time of all parties, and of the parts: derive is the audit of the sum and the next model. */
  readonly roundSeconds: number;
  readonly seconds?: Readonly<Record<string, number>>;
  readonly peakBytes: number;
}

/** Weights that the integers stand for: the L2 norm is 274. */
const stepOfInteger = "1e-4";

const execute = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(`./${path}`, import.meta.url));

/** The headline is the whole round. */
export async function run(): Promise<BenchResult> {
  const python = join(await flowerEnvironment(), "bin/python");
  const folder = await mkdtemp(join(tmpdir(), "consilium-bench-"));
  const file = join(folder, "input.i32");
  try {
    await writeFile(file, integers());
    const args = [file, String(hospitals), String(repeats)];
    tell("flwr 1.38.0", await side<Side>(python, [here("private/peer.py"), ...args]));
    tell("ours", await side<Side>(process.execPath, [here("private/ours.ts"), ...args]));
    const order = [file, String(hospitals), stepOfInteger];
    const peerParts = await side<Parts>(python, [here("private-parts/peer.py"), ...order]);
    const { roundSeconds, seconds = {} } = await side<Parts>(process.execPath, [
      here("private-parts/ours.ts"),
      ...order,
    ]);
    const peer = await measureFlower(
      here("private-round/flower"),
      hospitals,
      { "num-server-rounds": rounds, hospitals, input: file, step: Number(stepOfInteger) },
      folder,
    );
    const whole = [here("private-round/ours.ts"), file, stepOfInteger, hospitals, rounds, join(folder, "run")].map(
      String,
    );
    const ours = await measure(process.execPath, ["--disable-warning=ExperimentalWarning", ...whole], {}, folder);
    const processorSeconds = { ...seconds, ours: roundSeconds, "flwr 1.38.0": peerParts.roundSeconds };
    const spent = Object.entries(processorSeconds).map(([part, value]) => `${part} ${value.toFixed(1)}`);
    console.error(`  parts of a round, seconds of the processor: ${spent.join(", ")}`);
    for (const [name, side] of Object.entries({ ours, "flwr run": peer })) tellRounds(name, side);
    console.error(`  load of the machine at the end: ${loadavg()[0]!.toFixed(1)}`);
    return {
      name: "private",
      unit: "seconds",
      ours: medianRound(ours),
      peer: medianRound(peer),
      peerName: "flwr run 1.38.0 with SecAgg+, 10 idle clients, 2,098,176 parameters",
      ratio: medianRound(ours) / medianRound(peer),
      memoryRatio: ours.peakBytes / peer.peakBytes,
      peakBytes: ours.peakBytes,
      processorSeconds,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function medianRound({ rounds: seconds = [] }: Measured): number {
  return seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)]!;
}

function tellRounds(name: string, { rounds: seconds = [], peakBytes }: Measured): void {
  const each = seconds.map((value) => value.toFixed(1)).join(", ");
  console.error(`  whole rounds of ${name}: ${each} s, peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB`);
}

/** Seeded integers of [-largest, largest]: a cipher's key stream. */
function integers(): Uint8Array {
  const noise = createCipheriv("aes-128-ctr", Buffer.alloc(16, 18), Buffer.alloc(16)).update(
    Buffer.alloc(4 * parameters),
  );
  const values = new Int32Array(parameters);
  for (let i = 0; i < parameters; i++) values[i] = (noise.readUInt32LE(4 * i) % (2 * largest + 1)) - largest;
  return new Uint8Array(values.buffer);
}

async function side<T>(file: string, args: readonly string[]): Promise<T> {
  const { stdout } = await execute(file, [...args]);
  return JSON.parse(stdout.slice(stdout.indexOf("{"))) as T;
}

function tell(who: string, { maskSeconds, unmaskSeconds, peakBytes }: Side): void {
  const memory = `peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB`;
  console.error(
    `  ${who.padEnd(12)} mask ${maskSeconds.toFixed(3)} s, unmask ${hospitals} ${unmaskSeconds.toFixed(3)} s, ${memory}`,
  );
}
