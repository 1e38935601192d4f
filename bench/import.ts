// DICOM files to HU, which is most of an import's time, beside pydicom 3.0.2 with its fastest plug-ins: the same
// synthetic files, the same cores, the same HU to the bit.
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { EncodingName } from "../imaging/phantom/encodings.ts";
import { writeSyntheticArchive } from "../imaging/phantom/write-archive.ts";
import { measureWholeImport } from "./import/whole.ts";
import { pythonEnvironment } from "./python-environment.ts";
import type { BenchResult } from "./result.ts";
import { marker, watchMemory } from "./simulate/process-tree.ts";

/** What both sides are asked, in turns; the median turn of each counts. */
const turns = 9;
const matrix = 512;
const seriesSlices = 255;
const cores = Math.min(2, availableParallelism());
const workloads: readonly { name: string; encoding: EncodingName; plugin: string; repeats: number }[] = [
  { name: "uncompressed", encoding: "explicit-little", plugin: "", repeats: 8 },
  { name: "JPEG lossless", encoding: "jpeg-lossless-sv1", plugin: "gdcm", repeats: 2 },
];

export async function run({ json }: { json: boolean }): Promise<BenchResult> {
  const here = (path: string) => fileURLToPath(new URL(`./import/${path}`, import.meta.url));
  const python = join(await pythonEnvironment("pydicom-3.0.2", here("requirements.txt")), "bin/python");
  const dir = await mkdtemp(join(tmpdir(), "consilium-bench-"));
  const ours = startSide(1, process.execPath, [
    "--disable-warning=ExperimentalWarning",
    here("ours.ts"),
    String(cores),
  ]);
  const peer = startSide(cores, python, [here("peer.py")]);
  try {
    let [oursSeconds, peerSeconds] = [0, 0];
    for (const { name, encoding, plugin, repeats } of workloads) {
      const files = await writeFiles(join(dir, encoding), encoding);
      const request = { area: matrix * matrix, plugin };
      await compareHu(name, [ours, peer], { ...request, files, check: true });
      const timed = { ...request, files: Array.from({ length: repeats }, () => files).flat(), check: false };
      const taken: [number[], number[]] = [[], []];
      for (let turn = 0; turn < turns; turn++) {
        for (const [index, side] of [ours, peer].entries()) {
          const started = performance.now();
          await side.ask(timed);
          taken[index]!.push((performance.now() - started) / 1e3 / timed.files.length);
        }
      }
      const [our, their] = taken.map(median) as [number, number];
      oursSeconds += our * seriesSlices;
      peerSeconds += their * seriesSlices;
      if (!json)
        console.error(
          `${name}: ours ${(1 / our).toFixed(0)} slices/s, pydicom ${(1 / their).toFixed(0)}: ${(their / our).toFixed(2)} times`,
        );
    }
    const [oursBytes, peerBytes] = [ours.stop(), peer.stop()];
    if (!json)
      console.error(
        `memory: ours ${(oursBytes / 2 ** 20).toFixed(0)} MiB, pydicom ${(peerBytes / 2 ** 20).toFixed(0)}`,
      );
    const shares: Record<string, number> = {};
    for (const { name, encoding } of workloads) {
      const { decodingASeries, importASeries, start } = await measureWholeImport(
        join(dir, "whole", encoding),
        seriesSlices,
        encoding,
      );
      const share = decodingASeries / importASeries;
      shares[`decoding, ${name}`] = share;
      if (!json)
        console.error(
          `whole import, ${name}: ${importASeries.toFixed(2)} s of CPU a series of ${seriesSlices} slices, ${(100 * share).toFixed(0)} % of it decoding; ${start.toFixed(1)} s to start`,
        );
    }
    return {
      name: "import",
      unit: "seconds",
      ours: oursSeconds,
      peer: peerSeconds,
      peerName: `pydicom 3.0.2 (${cores} processes, gdcm): ${seriesSlices} slices uncompressed and as many JPEG lossless`,
      ratio: oursSeconds / peerSeconds,
      memoryRatio: oursBytes / peerBytes,
      shares,
    };
  } finally {
    ours.stop();
    peer.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function writeFiles(dir: string, encoding: EncodingName): Promise<string[]> {
  const options = { patients: 2, seed: 4, matrix, slices: [12, 12], encodings: [encoding] } as const;
  for await (const _ of writeSyntheticArchive(dir, options));
  const entries = await readdir(dir, { recursive: true });
  // Series 1 are scouts, of other sizes.
  return entries.filter((name) => /series2\/[^/]*\.dcm$/.test(name)).map((name) => join(dir, name));
}

interface Request {
  readonly files: readonly string[];
  readonly area: number;
  readonly plugin: string;
  readonly check: boolean;
}

interface Side {
  /** SHA-256 of each file's HU if asked to check. */
  ask(request: Request): Promise<string[]>;
  /** Ends it; its peak memory, bytes. */
  stop(): number;
}

/** Processes that answer a line with a line; the files are dealt out among them. */
function startSide(processes: number, file: string, args: readonly string[]): Side {
  const mark = randomUUID();
  const children = Array.from({ length: processes }, () => {
    const child: ChildProcessByStdio<Writable, Readable, null> = spawn(file, args, {
      env: { ...process.env, [marker]: mark },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return { child, answers };
  });
  const memory = watchMemory(mark);
  let peak: number | undefined;
  return {
    async ask(request) {
      const shares = children.map(async ({ child, answers }, index) => {
        const files = request.files.filter((_, at) => at % processes === index);
        child.stdin.write(`${JSON.stringify({ ...request, files })}\n`);
        const { value, done } = await answers.next();
        if (done) throw new Error(`${file} ended with ${child.exitCode}`);
        return JSON.parse(value) as string[];
      });
      const answered = await Promise.all(shares);
      return answered
        .flatMap((share, index) => (index === 0 ? share.flatMap((_, at) => answered.map((other) => other[at])) : []))
        .filter((digest) => digest !== undefined);
    },
    stop() {
      if (peak !== undefined) return peak;
      peak = memory.stop();
      for (const { child } of children) child.kill();
      return peak;
    },
  };
}

/** The work is the same only if the HU are. */
async function compareHu(name: string, [ours, peer]: readonly [Side, Side], request: Request): Promise<void> {
  const [our, their] = [await ours.ask(request), await peer.ask(request)];
  const differing = our.filter((digest, index) => digest !== their[index]).length;
  if (our.length !== request.files.length || their.length !== our.length || differing > 0)
    throw new Error(`${name}: ${differing} of ${our.length} files differ from pydicom's ${their.length}`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}
