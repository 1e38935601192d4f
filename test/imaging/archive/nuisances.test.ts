import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readShardIndex, type ScanRecord } from "../../../imaging/archive/shard-format.ts";
import type { EncodingName } from "../../../imaging/phantom/encodings.ts";
import type { NuisanceName } from "../../../imaging/phantom/patient-files.ts";
import { importInto, writeArchive } from "./synthetic.ts";

describe("what is odd about real archives", () => {
  let root: string;
  let plain: ScanRecord[];
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-nuisances-"));
    plain = (await importOne("none")).scans;
  });
  after(() => rm(root, { recursive: true, force: true }));

  async function importOne(nuisance: NuisanceName, encoding: EncodingName = "explicit-little") {
    const name = `${nuisance}-${encoding}`;
    const options = { patients: 2, nuisances: [nuisance], encodings: [encoding], slices: [12, 12] as const };
    const archive = await writeArchive(join(root, `${name}-archive`), options);
    const summary = await importInto(archive, join(root, name));
    return { scans: (await readShardIndex(join(root, name))).scans, quarantine: summary.quarantine };
  }
  const digests = (scans: readonly ScanRecord[]) => scans.map(({ pixels }) => pixels);

  const harmless = [
    "prone",
    "feet-first",
    "decubitus",
    "no-preamble",
    "no-extension",
    "multi-frame",
    "mixed-series",
  ] as const;
  for (const nuisance of harmless) {
    it(`gives the same pixels of a patient who is ${nuisance}`, async () => {
      expect(digests((await importOne(nuisance)).scans)).to.deep.equal(digests(plain));
    });
  }

  for (const encoding of [
    "implicit-little",
    "explicit-big",
    "deflated",
    "rle",
    "jpeg-ls",
    "jpeg-2000",
    "htj2k",
  ] as const) {
    it(`gives the same pixels of files in ${encoding}`, async () => {
      expect(digests((await importOne("none", encoding)).scans)).to.deep.equal(digests(plain));
    });
  }

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
    for (const [index, { facts }] of [...gap, ...mixed].entries()) {
      expect(facts.lungMl! / plain[index % 2]!.facts.lungMl!).to.be.within(0.85, 1.15);
    }
  });

  it("sets the slices of a tilted gantry above each other", async () => {
    const { scans } = await importOne("tilted");
    for (const [index, { facts }] of scans.entries()) {
      expect(facts.tiltDegrees).to.be.closeTo(12, 0.1);
      expect(facts.warnings).to.include("TILTED");
      expect(facts.lungMl! / plain[index]!.facts.lungMl!).to.be.within(0.85, 1.15);
    }
  });

  it("leaves reformats, and goes on without a file that was cut short", async () => {
    const reformats = await importOne("reformats");
    expect(digests(reformats.scans)).to.deep.equal(digests(plain));
    expect(reformats.quarantine.filter(({ code }) => code === "DERIVED")).to.have.length(2);
    const { scans, quarantine } = await importOne("truncated");
    expect(scans).to.have.length(2);
    expect(quarantine.filter(({ what, code }) => what === "file" && code === "DICOM_TRUNCATED").length).to.be.at.least(
      2,
    );
  });

  it("keeps patients apart whom an anonymiser gave one id", async () => {
    const archive = await writeArchive(join(root, "anonymous-archive"), { patients: 4, nuisances: ["anonymous"] });
    const { scans } = await importInto(archive, join(root, "anonymous"));
    expect(scans).to.equal(4);
  });
});
