// A private round of ten hospitals against Flower 1.38.0's SecAgg+, on the same array of 2,098,176 parameters: first the arithmetic
// of masks alone, then the whole round, in processor seconds of all parties together. Training, network and chain are left out
// on both sides. What Flower's round does not do is in ours: verifiable shares, signed openings, and a model that anyone derives again.
import { execFile } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { pythonEnvironment } from "./python-environment.ts";
import type { BenchResult } from "./result.ts";

const parameters = 2_098_176;
const hospitals = 10;
const largest = 3276;
const repeats = 3;

/** What each side prints; the fastest of its repeats. */
interface Side {
  /** One hospital's mask. */
  readonly maskSeconds: number;
  /** The sum of all masked vectors, and the masks taken off again. */
  readonly unmaskSeconds: number;
  readonly peakBytes: number;
}

interface Round {
  /** Processor time of all parties, and of the parts: derive is the audit of the sum and the next model. */
  readonly roundSeconds: number;
  readonly seconds?: Readonly<Record<string, number>>;
  readonly peakBytes: number;
}

/** Weights that the integers stand for: the L2 norm is 274. */
const stepOfInteger = "1e-4";

const execute = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(`./${path}`, import.meta.url));

/** The headline is the round. */
export async function run(): Promise<BenchResult> {
  const python = join(await pythonEnvironment("flwr-1.38.0", here("aggregate/requirements.txt")), "bin/python");
  const folder = await mkdtemp(join(tmpdir(), "consilium-bench-"));
  try {
    await writeFile(join(folder, "input.i32"), integers());
    const args = [join(folder, "input.i32"), String(hospitals), String(repeats)];
    tell("flwr 1.38.0", await side<Side>(python, [here("private/peer.py"), ...args]));
    tell("ours", await side<Side>(process.execPath, [here("private/ours.ts"), ...args]));
    const order = [join(folder, "input.i32"), String(hospitals), stepOfInteger];
    const peer = await side<Round>(python, [here("private-round/peer.py"), ...order]);
    const ours = await side<Round>(process.execPath, [here("private-round/ours.ts"), ...order]);
    const { roundSeconds, seconds = {}, peakBytes } = ours;
    const parts = Object.entries(seconds).map(([part, spent]) => `${part} ${spent.toFixed(1)}`);
    console.error(`  ours, whole round: ${parts.join(", ")} s of the processor`);
    return {
      name: "private",
      unit: "seconds",
      ours: roundSeconds,
      peer: peer.roundSeconds,
      peerName: "flwr 1.38.0 SecAgg+",
      ratio: roundSeconds / peer.roundSeconds,
      memoryRatio: peakBytes / peer.peakBytes,
      peakBytes,
      shares: Object.fromEntries(Object.entries(seconds).map(([part, spent]) => [part, spent / roundSeconds])),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
