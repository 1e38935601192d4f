// How much of a whole import is decoding: the CPU time, of all threads, of decoding a hospital's slices as an import does it,
// and of importing them. Run as a process: node whole.ts ARCHIVE SHARD; prints both as JSON, in seconds.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { link, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { importArchive } from "../../imaging/archive/import-archive.ts";
import { defaultShape, workingPixelMm } from "../../imaging/archive/normalise.ts";
import { openDecodePool } from "../../imaging/dicom/decode-pool.ts";
import type { EncodingName } from "../../imaging/phantom/encodings.ts";
import { writeSyntheticArchive } from "../../imaging/phantom/write-archive.ts";

export interface WholeImport {
  readonly decodingSeconds: number;
  readonly importSeconds: number;
}

/** Enough that threads have compiled what they run, as in an import of a hospital's archive. */
const patients = 8;

/** Measures an archive of series of so many slices of 512 x 512, which it writes below dir. */
export async function measureWholeImport(dir: string, slices: number, encoding: EncodingName): Promise<WholeImport> {
  const one = join(dir, "one");
  const options = { patients: 1, seed: 7, matrix: 512, slices: [slices, slices], encodings: [encoding] } as const;
  for await (const _ of writeSyntheticArchive(one, options));
  const files = await slicesBelow(one);
  for (let patient = 0; patient < patients; patient++) {
    const copy = join(dir, "archive", "positive", `patient${patient}`);
    await mkdir(copy, { recursive: true });
    for (const [index, path] of files.entries()) await link(path, join(copy, `${index}.dcm`));
  }
  const args = [
    "--disable-warning=ExperimentalWarning",
    import.meta.filename,
    join(dir, "archive"),
    join(dir, "shard"),
  ];
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

async function measure(archive: string, shard: string): Promise<WholeImport> {
  const left = (await slicesBelow(archive)).values();
  const decodingSeconds = await cpuSeconds(async () => {
    const pool = openDecodePool();
    const reduction = { pixelMm: workingPixelMm(defaultShape), shifts: [0] };
    const lane = async () => {
      for (const path of left) for await (const _ of pool.planes({ path }, reduction));
    };
    await Promise.all(Array.from({ length: 4 * pool.size }, lane));
    await pool.close();
  });
  const importSeconds = await cpuSeconds(async () => {
    const options = { keyFile: `${shard}.key`, oneClass: true };
    for await (const _ of importArchive(archive, shard, options));
  });
  return { decodingSeconds, importSeconds };
}

async function cpuSeconds(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

if (import.meta.filename === process.argv[1]) {
  const [archive, shard] = process.argv.slice(2) as [string, string];
  console.log(JSON.stringify(await measure(archive, shard)));
}
