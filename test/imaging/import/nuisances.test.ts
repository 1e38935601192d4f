import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { NuisanceName } from "../../../imaging/phantom/patient-files.ts";
import type { ArchiveOptions } from "../../../imaging/phantom/write-archive.ts";
import { readShardIndex, type ScanRecord } from "../../../imaging/shard/shard-format.ts";
import { importInto, writeArchive } from "./synthetic.ts";

describe("what is odd about real archives", () => {
  let root: string;
  let plain: ScanRecord[];
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-nuisances-"));
    plain = (await importOf("plain", { patients: 8 })).scans;
  });
  after(() => rm(root, { recursive: true, force: true }));

  /** The same patients whatever is odd about their files; oddities are given to them in turn. */
  async function importOf(name: string, options: Partial<ArchiveOptions>) {
    const archive = await writeArchive(join(root, `${name}-archive`), { patients: 2, slices: [12, 12], ...options });
    const summary = await importInto(archive, join(root, name));
    return { scans: (await readShardIndex(join(root, name))).scans, quarantine: summary.quarantine };
  }
  const importOne = (nuisance: NuisanceName) => importOf(nuisance, { nuisances: [nuisance] });
  /** The same patient's scan without anything odd. */
  const plainOf = ({ patient }: ScanRecord) => plain.find((scan) => scan.patient === patient)!;
  const differing = (scans: readonly ScanRecord[]) =>
    scans.filter((scan) => scan.pixels !== plainOf(scan).pixels).length;

  it("gives the same pixels of patients who lie otherwise, and of files without what files should have", async () => {
    const nuisances = [
      "prone",
      "feet-first",
      "decubitus",
      "no-preamble",
      "no-extension",
      "multi-frame",
      "mixed-series",
    ] as const;
    const { scans } = await importOf("harmless", { patients: 8, nuisances });
    expect([scans.length, differing(scans)]).to.deep.equal([8, 0]);
  });

  it("gives the same pixels in every encoding that loses nothing", async () => {
    const encodings = ["implicit-little", "explicit-big", "deflated", "rle", "jpeg-ls", "jpeg-2000", "htj2k"] as const;
    const { scans } = await importOf("encodings", { patients: 8, encodings });
    expect([scans.length, differing(scans)]).to.deep.equal([8, 0]);
    expect(new Set(scans.map(({ facts }) => facts.transferSyntax)).size).to.equal(7);
  });

  it("takes the sharper of two kernels and says that it left the other", async () => {
    const { scans, quarantine } = await importOne("two-kernels");
    expect(scans.every(({ facts }) => /SHARP|LUNG|B70|FC5|YC/.test(facts.kernel))).to.equal(true);
    expect(quarantine.filter(({ code }) => code === "ANOTHER_PREFERRED")).to.have.length(2);
  });

  it("bridges a gap and mixed distances, and notes them", async () => {
    const gap = (await importOne("gap")).scans;
    expect(gap.every(({ facts }) => facts.gaps === 1 && facts.warnings.includes("GAPS"))).to.equal(true);
    const mixed = (await importOne("mixed-spacing")).scans;
    expect(mixed.every(({ facts }) => facts.mixedSpacing && facts.warnings.includes("MIXED_SPACING"))).to.equal(true);
    for (const scan of [...gap, ...mixed]) {
      expect(scan.facts.lungMl! / plainOf(scan).facts.lungMl!).to.be.within(0.85, 1.15);
    }
  });

  it("sets the slices of a tilted gantry above each other", async () => {
    const { scans } = await importOne("tilted");
    for (const scan of scans) {
      const { facts } = scan;
      expect(facts.tiltDegrees).to.be.closeTo(12, 0.1);
      expect(facts.warnings).to.include("TILTED");
      expect(facts.lungMl! / plainOf(scan).facts.lungMl!).to.be.within(0.85, 1.15);
    }
  });

  it("leaves reformats, and continues without a truncated file", async () => {
    const reformats = await importOf("reformats", { patients: 8, nuisances: ["reformats"] });
    expect(differing(reformats.scans)).to.equal(0);
    expect(reformats.quarantine.filter(({ code }) => code === "DERIVED")).to.have.length(8);
    const { scans, quarantine } = await importOne("truncated");
    expect(scans).to.have.length(2);
    expect(quarantine.filter(({ what, code }) => what === "file" && code === "DICOM_TRUNCATED").length).to.be.at.least(
      2,
    );
  });

  it("takes the copy of a slice where the first of both is damaged, and says so", async () => {
    const archive = await writeArchive(join(root, "copies-archive"), { patients: 2, slices: [12, 12] });
    const pixelsOf = async (name: string) => {
      const { quarantine } = await importInto(archive, join(root, name));
      const { scans } = await readShardIndex(join(root, name));
      return { quarantine, pixels: scans.map(({ pixels }) => pixels) };
    };
    const before = await pixelsOf("without-copies");
    const names = await readdir(archive, { recursive: true });
    const slices = names.filter((name) => /patient1\/series2\/.*\.dcm$/.test(name)).sort();
    for (const [index, name] of slices.entries()) {
      const bytes = await readFile(join(archive, name));
      // Copies come after in the listing; of one slice the copy is damaged as well, and a second copy is whole.
      await writeFile(join(archive, `${name}.copy.dcm`), index === 3 ? bytes.subarray(0, -9) : bytes);
      if (index === 3) await writeFile(join(archive, `${name}.second.dcm`), bytes);
      if (index % 2 === 1) await writeFile(join(archive, name), bytes.subarray(0, -5));
    }
    const { quarantine, pixels } = await pixelsOf("copies");
    expect(pixels).to.deep.equal(before.pixels);
    const damaged = quarantine.filter(({ what }) => what === "file");
    // Not all of them were asked for: the archive has a copy of its own.
    expect(damaged).to.have.length.within(Math.floor(slices.length / 2) - 1, Math.floor(slices.length / 2) + 1);
    for (const { code, facts, remedy } of damaged) {
      expect([code, facts["isReplaced"]]).to.deep.equal(["DICOM_TRUNCATED", true]);
      expect(remedy).to.match(/^nothing to do/);
    }
  });

  it("keeps patients apart that an anonymiser gave one id", async () => {
    const archive = await writeArchive(join(root, "anonymous-archive"), { patients: 4, nuisances: ["anonymous"] });
    const { scans } = await importInto(archive, join(root, "anonymous"));
    expect(scans).to.equal(4);
  });
});
