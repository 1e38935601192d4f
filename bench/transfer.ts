// Fetching an object over loopback: ours by pull, in chunks that are verified on arrival, kept, resumable and from any
// peer, against the same library's plain stream over the same transports (TCP, noise, yamux), pushed whole and hashed
// by SHA-256. Plain TCP is shown beside them. The plain stream is the fastest peer we know of on them: Helia's bitswap reaches a third of it.
import { execFile, spawn } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BenchResult } from "./result.ts";

const execute = promisify(execFile);
const side = fileURLToPath(new URL("./transfer/side.ts", import.meta.url));
const objectBytes = 200 * 2 ** 20;
const repeats = 7;

interface Fetched {
  readonly seconds: number;
  readonly peakBytes: number;
}

/** Times are the fastest (other work on the machine only ever adds); memory is the fetching process's peak. */
export async function run(): Promise<BenchResult> {
  const scratch = await mkdtemp(join(tmpdir(), "consilium-bench-"));
  try {
    await measure("tcp", join(scratch, "tcp")); // shown, not compared: no encryption, no streams
    const plain = await measure("plain", join(scratch, "plain"));
    const ours = await measure("ours", join(scratch, "ours"));
    return {
      name: "transfer",
      unit: "seconds",
      ours: ours.seconds,
      peer: plain.seconds,
      peerName: "a plain js-libp2p stream",
      ratio: ours.seconds / plain.seconds,
      memoryRatio: ours.peakBytes / plain.peakBytes,
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function measure(kind: "ours" | "plain" | "tcp", scratch: string): Promise<Fetched> {
  await mkdir(scratch);
  await writeNoise(join(scratch, "object"));
  const server = spawn(process.execPath, [side, "serve", kind, scratch], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(server, "exit");
  try {
    const [line] = (await once(createInterface(server.stdout), "line")) as [string];
    const { address, digest } = JSON.parse(line) as { address: string; digest: string };
    const fetched: Fetched[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const folder = join(scratch, `fetch-${repeat}`);
      await mkdir(folder);
      const { stdout } = await execute(process.execPath, [side, "fetch", kind, folder, address, digest]);
      fetched.push(JSON.parse(stdout) as Fetched);
      await rm(folder, { recursive: true });
    }
    const seconds = Math.min(...fetched.map((each) => each.seconds));
    const peakBytes = Math.max(...fetched.map((each) => each.peakBytes));
    const speed = (objectBytes / 1e6 / seconds).toFixed(0);
    console.error(`${kind}: ${speed} MB/s, peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB at the fetching side`);
    return { seconds, peakBytes };
  } finally {
    server.stdin.end();
    await ended;
  }
}

/** Seeded noise, which nothing compresses: a cipher's key stream. */
async function writeNoise(path: string): Promise<void> {
  const file = createWriteStream(path);
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, 1), Buffer.alloc(16));
  for (let left = objectBytes; left > 0; left -= 2 ** 20) {
    if (!file.write(cipher.update(Buffer.alloc(2 ** 20)))) await once(file, "drain");
  }
  file.end();
  await once(file, "close");
}
