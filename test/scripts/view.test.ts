import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { synthesiseScan } from "../../imaging/phantom/synthesise-scan.ts";
import { writeSyntheticArchive } from "../../imaging/phantom/write-archive.ts";
import { isFedError } from "../../protocol/errors.ts";
import { readFolder } from "../../scripts/view/read-folder.ts";

describe("reading a folder for a look at it", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-view-"));
    const work = writeSyntheticArchive(join(root, "a"), {
      patients: 1,
      positiveFraction: 1,
      seed: 4,
      matrix: 32,
      slices: [6, 6],
      nuisances: ["mixed-series"],
    });
    while (!(await work.next()).done);
  });
  after(() => rm(root, { recursive: true, force: true }));

  it("stacks the slices from feet to head whatever the files are called, and passes the scout over", async () => {
    const { volume, passedOver } = await readFolder(join(root, "a"));
    const scan = synthesiseScan({ seed: 4, index: 0, positive: true, matrix: 32, slices: [6, 6] });
    expect(volume.slices).to.equal(6);
    expect(volume.spacingMm[0]).to.be.closeTo(scan.geometry.spacingMm[0], 1e-4);
    const worst = scan.hu.reduce(
      (most, value, at) => (value < -1024 ? most : Math.max(most, Math.abs(value - volume.hu[at]!))),
      0,
    );
    expect(worst).to.equal(0);
    // The scout and the list of labels.
    expect(passedOver).to.equal(2);
  });

  it("says what is wrong with a folder that is missing or holds no series", async () => {
    const missing = await readFolder(join(root, "nowhere")).catch((error: unknown) => error);
    expect(isFedError(missing, "VIEW_NOT_FOUND")).to.equal(true);
    const empty = await readFolder(await mkdtemp(join(root, "empty-"))).catch((error: unknown) => error);
    expect(isFedError(empty, "VIEW_NO_SERIES")).to.equal(true);
  });
});
