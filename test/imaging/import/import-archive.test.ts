import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from "@zip.js/zip.js";
import { expect } from "chai";
import { PNG } from "pngjs";
import { openShard } from "../../../imaging/shard/shard.ts";
import { readShardIndex, shardFiles } from "../../../imaging/shard/shard-format.ts";
import { codeOf, importInto, writeArchive } from "./synthetic.ts";

describe("importing an archive", () => {
  let root: string;
  let archive: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-import-"));
    archive = await writeArchive(join(root, "archive"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  it("makes one scan a patient, split by patient, with scouts and copies left out", async () => {
    const summary = await importInto(archive, join(root, "plain"));
    expect([summary.scans, summary.positive, summary.negative]).to.deep.equal([6, 3, 3]);
    expect(summary.splits).to.deep.equal({ train: 2, validation: 2, test: 2 });
    expect(summary.quarantine.every(({ what, code }) => what === "series" && code === "LOCALIZER")).to.equal(true);
    const shard = await openShard(join(root, "plain"));
    expect(new Set(shard.scans.map(({ patient }) => patient)).size).to.equal(6);
    for (const [index, { slices }] of shard.scans.entries()) {
      const pixels = shard.read(index);
      expect(pixels.length).to.equal(slices * shard.height * shard.width * shard.channels);
      const mean = pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
      expect(mean).to.be.within(40, 200);
    }
    await shard.close();
  });

  it("changes nothing when the same archive is imported again, and something when a patient has gone", async () => {
    const dir = join(root, "repeated");
    const copy = join(root, "repeated-archive");
    await cp(archive, copy, { recursive: true, preserveTimestamps: true });
    const first = await importInto(copy, dir);
    const again = await importInto(copy, dir);
    expect([first.unchanged, again.unchanged, again.root]).to.deep.equal([false, true, first.root]);
    await rm((await patientFolders(copy))[0]!, { recursive: true });
    const changed = await importInto(copy, dir);
    expect([changed.unchanged, changed.scans, changed.resumed]).to.deep.equal([false, 5, 5]);
  });

  it("mends a shard whose files were cut off or deleted, from the same archive, and moves nobody to another split", async () => {
    const dir = join(root, "cut-off");
    await importInto(archive, dir);
    const before = await readShardIndex(dir);
    await truncate(join(dir, shardFiles.pixels), 100);
    expect(await importInto(archive, dir)).to.include({ unchanged: false });
    const mended = await readShardIndex(dir);
    expect(mended.root).to.equal(before.root);
    const shard = await openShard(dir);
    for (const place of before.scans.keys()) shard.read(place);
    await shard.close();
    await rm(join(dir, shardFiles.report));
    await importInto(archive, dir);
    expect(await importInto(archive, dir)).to.include({ unchanged: true });
    expect(await readFile(join(dir, shardFiles.report), "utf8")).to.include("{");
    // A patient is gone, so that splits would be dealt anew, and pixels are damaged as well.
    const less = join(root, "less-and-cut-off");
    await cp(archive, less, { recursive: true });
    await importInto(less, dir);
    const all = new Map((await readShardIndex(dir)).scans.map(({ patient, split }) => [patient, split]));
    await rm((await patientFolders(less))[0]!, { recursive: true });
    await truncate(join(dir, shardFiles.pixels), 100);
    await importInto(less, dir);
    const left = (await readShardIndex(dir)).scans;
    expect(left).to.have.length(all.size - 1);
    for (const { patient, split } of left) expect(split).to.equal(all.get(patient));
  });

  it("leaves everybody in their split where the index is damaged, and is refused where nothing else says it", async () => {
    const [dir, less] = [join(root, "damaged-index"), join(root, "less-and-damaged")];
    await cp(archive, less, { recursive: true });
    await importInto(less, dir);
    const all = new Map((await readShardIndex(dir)).scans.map(({ patient, split }) => [patient, split]));
    const stayed = async () => {
      const { scans } = await readShardIndex(dir);
      return scans.every(({ patient, split }) => split === all.get(patient));
    };
    // Fewer patients would be dealt otherwise.
    await rm((await patientFolders(less))[0]!, { recursive: true });
    await truncate(join(dir, "shard.json"), 1000);
    await importInto(less, dir);
    expect(await stayed()).to.equal(true);
    await importInto(less, join(root, "dealt-anew"));
    const anew = (await readShardIndex(join(root, "dealt-anew"))).scans;
    expect(anew.every(({ patient, split }) => split === all.get(patient))).to.equal(false);
    await truncate(join(dir, "shard.json"), 1000);
    await rm(join(dir, shardFiles.report));
    expect(await codeOf(importInto(less, dir))).to.equal("SHARD_DAMAGED");
  });

  it("does not look again at patients who had no usable scan, where their files are the same", async () => {
    const dir = join(root, "unusable");
    const copy = join(root, "unusable-archive");
    await cp(archive, copy, { recursive: true, preserveTimestamps: true });
    const first = await importInto(copy, dir, { minSlices: 9, oneClass: true });
    expect(first.scans).to.be.within(1, 5);
    await rm((await patientFolders(copy))[0]!, { recursive: true });
    const changed = await importInto(copy, dir, { minSlices: 9, oneClass: true });
    expect(changed.resumed).to.equal(5);
    const fresh = await importInto(copy, join(root, "unusable-fresh"), { minSlices: 9, oneClass: true });
    expect(changed.quarantineDigest).to.equal(fresh.quarantineDigest);
  });

  it("gives the same scans from encrypted zips, one a class, and asks for the password by name", async () => {
    const zips = join(root, "zips");
    await mkdir(zips);
    for (const label of ["positive", "negative"]) await zipFolder(join(archive, label), join(zips, `${label}.zip`));
    const out = join(root, "zips-shard");
    expect(await codeOf(importInto(zips, out))).to.equal("ZIP_PASSWORD");
    expect(await codeOf(importInto(zips, out, { password: "wrong" }))).to.equal("ZIP_PASSWORD");
    const fromZips = await importInto(zips, out, { password: "thankyou" });
    const fromFolder = await importInto(archive, join(root, "plain"));
    expect(fromZips.root).to.equal(fromFolder.root);
  });

  it("makes several windows and another size where asked", async () => {
    const shape = { height: 48, width: 40, windows: ["lung", "mediastinum"] as const, maxSlices: 5 };
    await importInto(archive, join(root, "windows"), { shape: { ...shape, windows: [...shape.windows] } });
    const shard = await openShard(join(root, "windows"));
    expect([shard.height, shard.width, shard.channels]).to.deep.equal([48, 40, 2]);
    expect(shard.scans.every(({ slices }) => slices === 5)).to.equal(true);
    // Lung is black in the mediastinal window and grey in its own.
    const pixels = shard.read(0);
    const sums = [0, 0];
    for (const [at, value] of pixels.entries()) sums[at % 2]! += value;
    expect(sums[0]!).to.be.above(sums[1]!);
    await shard.close();
  });

  it("quarantines what is broken or foreign by name and takes the rest", async () => {
    const broken = join(root, "broken");
    await cp(archive, broken, { recursive: true });
    const [first, second] = await patientFolders(broken);
    for (const name of await readdir(first!)) await truncate(join(first!, name), 900);
    const names = await readdir(second!);
    await truncate(join(second!, names[0]!), (await stat(join(second!, names[0]!))).size - 100);
    await writeFile(join(broken, "positive", "holiday.dcm"), "no image at all");
    const summary = await importInto(broken, join(root, "broken-shard"));
    expect(summary.scans).to.equal(5);
    const codes = summary.quarantine.map(({ what, code }) => `${what} ${code}`);
    expect(codes).to.include("file DICOM_FOREIGN").and.to.include("file DICOM_TRUNCATED");
    expect(summary.quarantine.every(({ remedy }) => remedy.length > 0)).to.equal(true);
    const kept = await readFile(join(root, "broken-shard", "quarantine.json"), "utf8");
    expect(JSON.parse(kept).entries).to.deep.equal(summary.quarantine);
  });

  it("leaves out a patient whose files are of both classes, and the second patient with the same scan", async () => {
    const odd = join(root, "odd");
    await cp(archive, odd, { recursive: true });
    // Then folders alone say who is ill.
    await rm(join(odd, "labels.csv"));
    const [ill] = await patientFolders(odd);
    // The stranger's files name the other patient: the two are one patient.
    await cp(ill!, join(odd, "negative", "stranger", "series2"), { recursive: true });
    for (const patient of ["twin1", "twin2"]) {
      await mkdir(join(odd, "negative", patient));
      await writeFile(join(odd, "negative", patient, "slice-1.png"), disc(120, 20));
    }
    const { scans, quarantine } = await importInto(odd, join(root, "odd-shard"));
    expect(scans).to.equal(6);
    const codes = quarantine.filter(({ what }) => what === "scan").map(({ code }) => code);
    expect(codes.sort()).to.deep.equal(["LABELS_CONTRADICT", "SCAN_REPEATED"]);
  });

  it("takes pictures, one folder a patient or one file a patient by a CSV, and none for another", async () => {
    const pictures = join(root, "pictures");
    for (const [patient, grey] of [
      ["patient1", 90],
      ["patient12", 200],
    ] as const) {
      const folder = join(pictures, grey > 100 ? "CT_COVID" : "CT_NonCOVID", patient);
      await mkdir(folder, { recursive: true });
      for (const slice of [1, 2, 10]) await writeFile(join(folder, `slice-${slice}.png`), disc(grey, slice * 3));
    }
    const { scans, positive } = await importInto(pictures, join(root, "pictures-shard"));
    expect([scans, positive]).to.deep.equal([2, 1]);
    const shard = await openShard(join(root, "pictures-shard"));
    const ill = shard.scans.findIndex(({ label }) => label === 1);
    const middles = [0, 1, 2].map((slice) => shard.read(ill)[(slice * 64 + 32) * 64 + 32]);
    // slice-10 comes after slice-2.
    expect(middles).to.deep.equal([203, 206, 230]);
    await shard.close();
    const flat = join(root, "flat");
    await mkdir(flat);
    await writeFile(join(flat, "patient1-001.png"), disc(90, 0));
    await writeFile(join(flat, "patient12-001.png"), disc(200, 0));
    await writeFile(join(flat, "data_file.csv"), "train,negative,patient1,1\ntest,positive,patient12,1\n");
    const { scans: two } = await importInto(flat, join(root, "flat-shard"));
    expect(two).to.equal(2);
  });

  it("refuses before it writes: nothing there, no CT, no labels, one class, a place that is taken", async () => {
    const empty = await mkdtemp(join(root, "empty-"));
    const keyFile = join(root, "never.key");
    const refuse = (source: string, dir = join(root, "never"), options = {}) =>
      codeOf(importInto(source, dir, { keyFile, ...options }));
    expect(await refuse(join(root, "nowhere"))).to.equal("ARCHIVE_UNREADABLE");
    expect(await refuse(empty)).to.equal("ARCHIVE_EMPTY");
    expect(await refuse(import.meta.dirname)).to.equal("ARCHIVE_NO_CT");
    expect(await refuse(join(archive, "positive"))).to.equal("LABELS_MISSING");
    expect(await refuse(join(archive, "positive"), undefined, { label: 1 })).to.equal("LABELS_ONE_CLASS");
    expect(await refuse(archive, import.meta.dirname)).to.equal("SHARD_PLACE_TAKEN");
    expect(await refuse(archive, undefined, { shape: { height: 1 } })).to.equal("IMPORT_OPTIONS");
    const shares = { train: 0.5, validation: 0.1, test: 0.1 };
    expect(await refuse(archive, undefined, { shares })).to.equal("SPLIT_SHARES");
    expect((await readdir(root)).filter((name) => name.startsWith("never"))).to.deep.equal([]);
  });

  it("splits by the seed", async () => {
    const splitOf = async (seed: number, name: string) => {
      await importInto(archive, join(root, name), { seed });
      const { scans } = await readShardIndex(join(root, name));
      return scans.map(({ patient, split }) => `${patient} ${split}`);
    };
    // Into one folder: pixels are taken over, the split is new.
    const first = await splitOf(3, "seeds");
    expect(await splitOf(4, "seeds")).to.not.deep.equal(first);
    expect(await splitOf(3, "seeds")).to.deep.equal(first);
  });

  it("finds a changed pixel, a changed label and a changed split in a shard", async () => {
    const dir = join(root, "tampered");
    await importInto(archive, dir);
    const pixels = await readFile(join(dir, "pixels.bin"));
    pixels[1000]! ^= 1;
    await writeFile(join(dir, "pixels.bin"), pixels);
    const shard = await openShard(dir);
    expect(() => shard.read(0))
      .to.throw()
      .with.property("code", "SHARD_DAMAGED");
    await shard.close();
    const index = await readFile(join(dir, "shard.json"), "utf8");
    for (const [from, to] of [
      ['"label": 0', '"label": 1'],
      ['"split": "test"', '"split": "train"'],
    ] as const) {
      await writeFile(join(dir, "shard.json"), index.replace(from, to));
      expect(await codeOf(openShard(dir))).to.equal("SHARD_DAMAGED");
    }
  });
});

async function patientFolders(archive: string): Promise<string[]> {
  const folders: string[] = [];
  for (const label of ["positive", "negative"]) {
    for (const patient of (await readdir(join(archive, label))).sort()) {
      folders.push(join(archive, label, patient, "series2"));
    }
  }
  return folders;
}

/** As the source work's archives are: encrypted with the old cipher of zips. */
async function zipFolder(folder: string, path: string): Promise<void> {
  const zip = new ZipWriter(new Uint8ArrayWriter(), { password: "thankyou", zipCrypto: true, useWebWorkers: false });
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    await zip.add(relative(folder, file), new Uint8ArrayReader(await readFile(file)), { level: 1 });
  }
  await writeFile(path, await zip.close());
}

/** A bright disc on black with a middle that is `more` brighter. */
function disc(grey: number, more: number): Buffer {
  const png = new PNG({ width: 80, height: 80 });
  for (let at = 0; at < 6400; at++) {
    const away = Math.hypot((at % 80) - 39.5, Math.floor(at / 80) - 39.5);
    const value = away < 12 ? grey + more : away < 36 ? grey : 0;
    png.data.set([value, value, value, 255], at * 4);
  }
  return PNG.sync.write(png);
}
