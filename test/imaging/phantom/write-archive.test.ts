import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect } from "chai";
import dicomParser from "dicom-parser";
import { isFedError } from "../../../foundation/errors.ts";
import { synthesiseScan } from "../../../imaging/phantom/synthesise-scan.ts";
import {
  type ArchiveOptions,
  type ArchiveSummary,
  writeSyntheticArchive,
} from "../../../imaging/phantom/write-archive.ts";

const small: ArchiveOptions = { patients: 6, positiveFraction: 0.5, seed: 5, matrix: 32, slices: [4, 6] };

describe("the synthetic archive", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-archive-"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  it("has each patient once, in the folder of its label and in the list", async () => {
    const summary = await write(join(root, "a"), small);
    const listed = (await readFile(summary.labelsFile, "utf8")).trim().split("\n");
    expect(listed[0]).to.equal("patient,label");
    expect(listed.slice(1)).to.deep.equal(summary.patients.map(({ patient, label }) => `${patient},${label}`));
    for (const { patient, label } of summary.patients) {
      expect(await readdir(join(root, "a", label, patient))).to.include("series2");
    }
    expect(summary.patients.filter(({ label }) => label === "positive")).to.have.length(3);
    expect(new Set(summary.patients.map(({ patient }) => patient)).size).to.equal(6);
  });

  it("gives the same bytes for the same options and others for another seed", async () => {
    await write(join(root, "b1"), { ...small, patients: 2 });
    await write(join(root, "b2"), { ...small, patients: 2 });
    await write(join(root, "b3"), { ...small, patients: 2, seed: 6 });
    expect(await digestOf(join(root, "b2"))).to.equal(await digestOf(join(root, "b1")));
    expect(await digestOf(join(root, "b3"))).not.to.equal(await digestOf(join(root, "b1")));
  });

  it("stores HU and geometry as they were drawn", async () => {
    const summary = await write(join(root, "c"), { ...small, patients: 4 });
    for (const [index, { patient, label }] of summary.patients.entries()) {
      const scan = synthesiseScan({ seed: 5, index, positive: label === "positive", matrix: 32, slices: [4, 6] });
      const folder = join(root, "c", label, patient, "series2");
      const slices = await Promise.all((await readdir(folder)).map((name) => readSlice(join(folder, name))));
      const heights = new Set(slices.map(({ position }) => position[2]));
      expect(heights.size).to.equal(scan.geometry.slices);
      for (const { position, hu, pixelMm } of slices) {
        const slice = Math.round((position[2]! - scan.geometry.originMm[2]) / scan.geometry.spacingMm[0]);
        expect(position[2]).to.be.closeTo(scan.geometry.originMm[2] + slice * scan.geometry.spacingMm[0], 1e-5);
        expect(position[0]).to.be.closeTo(scan.geometry.originMm[0], 1e-5);
        expect(pixelMm).to.be.closeTo(scan.geometry.spacingMm[2], 1e-5);
        const drawn = scan.hu.subarray(slice * 1024, (slice + 1) * 1024);
        // Outside the field scanners store their own padding.
        const worst = hu.reduce(
          (most, value, at) => (drawn[at]! < -1024 ? most : Math.max(most, Math.abs(value - drawn[at]!))),
          0,
        );
        expect(worst).to.equal(0);
      }
    }
  });

  it("has file names that do not depend on a slice's height", async () => {
    const summary = await write(join(root, "d"), { ...small, patients: 1, slices: [12, 12] });
    const { label, patient } = summary.patients[0]!;
    const folder = join(root, "d", label, patient, "series2");
    const names = (await readdir(folder)).sort();
    const heights = await Promise.all(names.map(async (name) => (await readSlice(join(folder, name))).position[2]!));
    const sorted = [...heights].sort((a, b) => a - b);
    expect(heights).not.to.deep.equal(sorted);
    expect(heights).not.to.deep.equal(sorted.reverse());
  });

  it("refuses numbers out of range and writes nothing", async () => {
    for (const wrong of [{ patients: 0 }, { positiveFraction: 1.5 }, { matrix: 8 }, { slices: [9, 4] as const }]) {
      const refusal = await write(join(root, "e"), { ...small, ...wrong }).catch((error: unknown) => error);
      expect(isFedError(refusal, "ARCHIVE_OPTIONS"), JSON.stringify(wrong)).to.equal(true);
    }
    expect(await readdir(root)).not.to.include("e");
  });
});

async function write(dir: string, options: ArchiveOptions): Promise<ArchiveSummary> {
  const work = writeSyntheticArchive(dir, options);
  for (;;) {
    const step = await work.next();
    if (step.done) return step.value;
  }
}

async function digestOf(dir: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) hash.update(basename(file)).update(await readFile(file));
  return hash.digest("hex");
}

async function readSlice(file: string) {
  const bytes = await readFile(file);
  const set = dicomParser.parseDicom(bytes);
  const pixels = set.elements["x7fe00010"]!;
  const words = new DataView(bytes.buffer, bytes.byteOffset + pixels.dataOffset, pixels.length);
  const signed = set.uint16("x00280103") === 1;
  const [slope, intercept] = [set.floatString("x00281053")!, set.floatString("x00281052")!];
  const hu = Array.from(
    { length: pixels.length / 2 },
    (_, at) => (signed ? words.getInt16(at * 2, true) : words.getUint16(at * 2, true)) * slope + intercept,
  );
  const position = set.string("x00200032")!.split("\\").map(Number);
  return { position, hu, pixelMm: Number(set.string("x00280030")!.split("\\")[0]) };
}
