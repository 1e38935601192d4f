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

type Kind = "ours" | "plain" | "tcp";

interface Fetched {
  readonly seconds: number;
  /** Of the fetching process, both kinds together. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

interface Server {
  fetch(): Promise<Fetched>;
  stop(): Promise<void>;
}

/**
 * Times are the fastest (other work on the machine only ever adds), the kinds taking turns, so that such work meets all of
 * them; memory is the fetching process's peak.
 */
export async function run(): Promise<BenchResult> {
  const scratch = await mkdtemp(join(tmpdir(), "consilium-bench-"));
  const servers = new Map<Kind, Server>();
  const fetched: Record<Kind, Fetched[]> = { tcp: [], plain: [], ours: [] };
  try {
    // Plain TCP is shown, not compared: no encryption, no streams.
    for (const kind of ["tcp", "plain", "ours"] as const) servers.set(kind, await serve(kind, join(scratch, kind)));
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const [kind, server] of servers) fetched[kind].push(await server.fetch());
    }
  } finally {
    for (const server of servers.values()) await server.stop();
    await rm(scratch, { recursive: true, force: true });
  }
  for (const [kind, each] of Object.entries(fetched)) show(kind, best(each));
  const { plain, ours } = { plain: best(fetched.plain), ours: best(fetched.ours) };
  return {
    name: "transfer",
    unit: "seconds",
    ours: ours.seconds,
    peer: plain.seconds,
    peerName: "a plain js-libp2p stream",
    ratio: ours.seconds / plain.seconds,
    memoryRatio: ours.peakBytes / plain.peakBytes,
  };
}

function best(fetched: readonly Fetched[]): Fetched {
  return {
    seconds: Math.min(...fetched.map((each) => each.seconds)),
    cpuSeconds: Math.min(...fetched.map((each) => each.cpuSeconds)),
    peakBytes: Math.max(...fetched.map((each) => each.peakBytes)),
  };
}

function show(kind: string, { seconds, cpuSeconds, peakBytes }: Fetched): void {
  const speed = (objectBytes / 1e6 / seconds).toFixed(0);
  const mib = (peakBytes / 2 ** 20).toFixed(0);
  console.error(`${kind}: ${speed} MB/s; at the fetching side ${cpuSeconds.toFixed(2)} s of CPU, peak ${mib} MiB`);
}

/** A process that serves an object, and how to fetch it from there in another one. */
async function serve(kind: Kind, folder: string): Promise<Server> {
  await mkdir(folder);
  await writeNoise(join(folder, "object"));
  const server = spawn(process.execPath, [side, "serve", kind, folder], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(server, "exit");
  const [line] = (await once(createInterface(server.stdout), "line")) as [string];
  const { address, digest } = JSON.parse(line) as { address: string; digest: string };
  return {
    async fetch() {
      const target = await mkdtemp(join(folder, "fetch-"));
      const { stdout } = await execute(process.execPath, [side, "fetch", kind, target, address, digest]);
      await rm(target, { recursive: true });
      return JSON.parse(stdout) as Fetched;
    },
    async stop() {
      server.stdin.end();
      await ended;
    },
  };
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
