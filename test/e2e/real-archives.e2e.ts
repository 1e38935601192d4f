import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readOneScan } from "../../imaging/import/read-one-scan.ts";
import { importInto } from "../imaging/import/synthetic.ts";

const data = process.env["CONSILIUM_TEST_DATA"] ?? join(import.meta.dirname, "../../../shared/data");

describe("real archives", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-real-"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  it("reads a series whose names run against z from the feet to the head", async function () {
    const folder = join(data, "lung-dx-a0002-negative");
    if (!existsSync(folder)) this.skip();
    const { stack, facts, passedOver } = await readOneScan(folder);
    expect([facts.storedSlices, facts.spacingMm, facts.gaps, passedOver]).to.deep.equal([30, 8, 0, 1]);
    expect([stack.heightsMm[0], stack.heightsMm.at(-1)]).to.deep.equal([80, 312]);
    // Air in the lungs makes the chest darker than the belly at the other end.
    const darkness = (plane: number) => stack.planes[plane]!.values.reduce((sum, hu) => sum + (hu < -700 ? 1 : 0), 0);
    expect(darkness(20)).to.be.above(darkness(0));
  });

  it("takes single slices that show lungs in any encoding and position, and leaves bellies and shoulders", async function () {
    const folder = join(data, "tcga-lung-negatives");
    if (!existsSync(folder)) this.skip();
    const { scans, quarantine } = await importInto(folder, join(root, "tcga"), { oneClass: true });
    expect(scans).to.be.within(24, 27);
    expect(scans + quarantine.length).to.equal(36);
    expect(quarantine.every(({ code }) => code === "LUNGS_IMPLAUSIBLE")).to.equal(true);
  });

  it("takes one picture a patient by the archive's own list", async function () {
    const folder = join(data, "mosmed-2d-dev");
    if (!existsSync(folder)) this.skip();
    const { scans, positive, quarantine } = await importInto(folder, join(root, "mosmed"), { workers: 2 });
    expect([scans, positive, quarantine.length]).to.deep.equal([676, 511, 0]);
  });
});
