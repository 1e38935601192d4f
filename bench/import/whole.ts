// How much of a whole import is decoding: the CPU time, of all threads, that one more series takes to be decoded as an import
// does it, and to be imported. What does not grow with the archive, as the start of threads and the compiling of what they
// run, is not counted. Run as a process: node whole.ts DIR; prints the result as JSON.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { link, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { openDecodePool } from "../../imaging/dicom/decode-pool.ts";
import { importArchive } from "../../imaging/import/import-archive.ts";
import { defaultShape, workingPixelMm } from "../../imaging/import/normalise.ts";
import type { EncodingName } from "../../imaging/phantom/encodings.ts";
import { writeSyntheticArchive } from "../../imaging/phantom/write-archive.ts";

/** Seconds of CPU. */
export interface WholeImport {
  readonly decodingASeries: number;
  readonly importASeries: number;
  /** Of an import without the time that its series take. */
  readonly start: number;
}

const sizes = { few: 4, many: 20 } as const;

/** Measures archives of series of so many slices of 512 x 512, which it writes below dir. */
export async function measureWholeImport(dir: string, slices: number, encoding: EncodingName): Promise<WholeImport> {
  const one = join(dir, "one");
  const options = { patients: 1, seed: 7, matrix: 512, slices: [slices, slices], encodings: [encoding] } as const;
  for await (const _ of writeSyntheticArchive(one, options));
  const files = await slicesBelow(one);
  for (const [name, patients] of Object.entries(sizes)) {
    for (let patient = 0; patient < patients; patient++) {
      const copy = join(dir, name, "positive", `patient${patient}`);
      await mkdir(copy, { recursive: true });
      for (const [index, path] of files.entries()) await link(path, join(copy, `${index}.dcm`));
    }
  }
  const args = ["--disable-warning=ExperimentalWarning", import.meta.filename, dir];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk));
  await once(child, "close");
  return JSON.parse(said) as WholeImport;
}

/** Series 1 are scouts. */
async function slicesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true });
  return entries.filter((name) => /\.dcm$/.test(name) && !/series1\//.test(name)).map((name) => join(dir, name));
}

async function measure(dir: string): Promise<WholeImport> {
  // What this thread compiles is no part of either.
  await importAll(join(dir, "few"), join(dir, "shard"));
  const seconds = async (work: (archive: string) => Promise<void>) => {
    const few = await cpuSeconds(() => work(join(dir, "few")));
    const many = await cpuSeconds(() => work(join(dir, "many")));
    const aSeries = (many - few) / (sizes.many - sizes.few);
    return { aSeries, start: few - aSeries * sizes.few };
  };
  const decoding = await seconds(decodeAll);
  const whole = await seconds((archive) => importAll(archive, `${archive}-shard`));
  return { decodingASeries: decoding.aSeries, importASeries: whole.aSeries, start: whole.start };
}

async function decodeAll(archive: string): Promise<void> {
  const left = (await slicesBelow(archive)).values();
  const pool = openDecodePool();
  const reduction = { pixelMm: workingPixelMm(defaultShape), shifts: [0] };
  const lane = async () => {
    for (const path of left) for await (const _ of pool.planes({ path }, reduction));
  };
  await Promise.all(Array.from({ length: 4 * pool.size }, lane));
  await pool.close();
}

async function importAll(archive: string, shard: string): Promise<void> {
  // Copies of one patient's files in folders of their own stand for patients.
  const options = { keyFile: `${shard}.key`, oneClass: true, patientsBy: "folder" } as const;
  for await (const _ of importArchive(archive, shard, options));
}

async function cpuSeconds(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

if (import.meta.filename === process.argv[1]) console.log(JSON.stringify(await measure(process.argv[2]!)));
