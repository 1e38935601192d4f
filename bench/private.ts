// Masking and unmasking against Flower 1.38.0's SecAgg+: the same 2,098,176 integers, the arithmetic of masks alone. Keys,
// shares, rounding and network are left out on both sides.
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

const execute = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(`./${path}`, import.meta.url));

/** The headline is one mask and one unmasking. */
export async function run(): Promise<BenchResult> {
  const python = join(await pythonEnvironment("flwr-1.38.0", here("aggregate/requirements.txt")), "bin/python");
  const folder = await mkdtemp(join(tmpdir(), "consilium-bench-"));
  try {
    await writeFile(join(folder, "input.i32"), integers());
    const args = [join(folder, "input.i32"), String(hospitals), String(repeats)];
    const peer = await side(python, [here("private/peer.py"), ...args]);
    const ours = await side(process.execPath, [here("private/ours.ts"), ...args]);
    tell("ours", ours);
    tell("flwr 1.38.0", peer);
    const total = ours.maskSeconds + ours.unmaskSeconds;
    return {
      name: "private",
      unit: "seconds",
      ours: total,
      peer: peer.maskSeconds + peer.unmaskSeconds,
      peerName: "flwr 1.38.0 SecAgg+",
      ratio: total / (peer.maskSeconds + peer.unmaskSeconds),
      memoryRatio: ours.peakBytes / peer.peakBytes,
      peakBytes: ours.peakBytes,
      shares: { mask: ours.maskSeconds / total, unmask: ours.unmaskSeconds / total },
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

async function side(file: string, args: readonly string[]): Promise<Side> {
  const { stdout } = await execute(file, [...args]);
  return JSON.parse(stdout) as Side;
}

function tell(who: string, { maskSeconds, unmaskSeconds, peakBytes }: Side): void {
  const memory = `peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB`;
  console.error(
    `  ${who.padEnd(12)} mask ${maskSeconds.toFixed(3)} s, unmask ${hospitals} ${unmaskSeconds.toFixed(3)} s, ${memory}`,
  );
}
