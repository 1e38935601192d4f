// A hospital's archive is larger than memory: an import must not need more memory for the last patients than for the first.
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { writeSyntheticArchive } from "../../imaging/phantom/write-archive.ts";

const slices = 255;
const mostBytes = 600e6;
const patients = 20;

describe("the memory of an import", function () {
  this.timeout(600_000);
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-import-memory-"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  it(`stays below 600 MB with patients of ${slices} slices of 512 x 512, and does not grow with their number`, async () => {
    const one = join(root, "one");
    const options = { patients: 1, seed: 7, matrix: 512, slices: [slices, slices] } as const;
    for await (const _ of writeSyntheticArchive(one, options));
    const archive = join(root, "archive");
    await copyPatients(one, archive);
    const { scans, residentBytes, peakBytes } = await importApart(archive, join(root, "shard"));
    expect([scans, residentBytes.length]).to.deep.equal([patients, patients]);
    expect(peakBytes).to.be.below(mostBytes);
    // Garbage varies by one or two scans of 33 MB; a leak would add the ten scans of the second half.
    const early = Math.max(...residentBytes.slice(0, patients / 2));
    const late = residentBytes.slice(patients / 2).sort((a, b) => a - b)[patients / 4]!;
    expect(late - early, residentBytes.join(" ")).to.be.below(100e6);
  });
});

/** An archive of copies of one scan; each has its own ids and its own pixels, so that it counts as another scan. */
async function copyPatients(one: string, archive: string): Promise<void> {
  const entries = await readdir(one, { recursive: true, withFileTypes: true });
  const files = entries.filter(({ name }) => name.endsWith(".dcm"));
  for (const entry of files) {
    const bytes = await readFile(join(entry.parentPath, entry.name));
    const series = entry.parentPath.split("/").at(-1)!;
    for (let patient = 0; patient < patients; patient++) {
      const number = String(patient).padStart(2, "0");
      const dir = join(archive, patient % 2 ? "positive" : "negative", `patient-${number}`, series);
      await mkdir(dir, { recursive: true });
      await writeFile(join(dir, entry.name), ownCopy(bytes, patient, number));
    }
  }
}

/** UIDs of the synthetic archive are 2.25.<digits>: their last two become the patient's number, as does the PatientID. */
function ownCopy(bytes: Buffer, patient: number, number: string): Buffer {
  const text = bytes.subarray(0, 4096).toString("latin1");
  const copy = Buffer.from(bytes);
  for (const { 0: uid, index } of text.matchAll(/2\.25\.\d{20,}/g))
    copy.write(number, index + uid.length - 2, "latin1");
  for (const { index } of text.matchAll(/patient1 /g)) copy.write(number.padStart(8, "p"), index, "latin1");
  // A block in the middle of the slice, with another density in each patient.
  const middle = bytes.length - 512 * 512 - 64 * 1024;
  for (let at = 0; at < 2048; at += 2) copy.writeInt16LE(copy.readInt16LE(middle + at) ^ (patient << 2), middle + at);
  return copy;
}

/** Imports in a separate process. */
async function importApart(
  archive: string,
  dir: string,
): Promise<{ scans: number; residentBytes: readonly number[]; peakBytes: number }> {
  const program = join(import.meta.dirname, "processes/import-peak.ts");
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, archive, dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => (said += chunk));
  await new Promise((resolve) => child.once("close", resolve));
  return JSON.parse(said);
}
