import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type ErrorCode, isFedError } from "../../../foundation/errors.ts";
import { readOneScan } from "../../../imaging/import/read-one-scan.ts";
import type { NuisanceName } from "../../../imaging/phantom/patient-files.ts";
import { synthesiseScan } from "../../../imaging/phantom/synthesise-scan.ts";
import { writeSyntheticArchive } from "../../../imaging/phantom/write-archive.ts";

describe("reading one scan for a look at it", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-one-scan-"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  async function write(nuisance: NuisanceName): Promise<string> {
    const dir = join(root, nuisance);
    const slices = [6, 6] as const;
    const options = { patients: 1, positiveFraction: 1, seed: 4, matrix: 32, slices, nuisances: [nuisance] };
    const work = writeSyntheticArchive(dir, options);
    while (!(await work.next()).done);
    return dir;
  }

  it("stacks the slices from feet to head for any file names, and skips the scout and the list", async () => {
    const { volume, passedOver } = await readOneScan(await write("mixed-series"));
    const scan = synthesiseScan({ seed: 4, index: 0, positive: true, matrix: 32, slices: [6, 6] });
    expect(volume.slices).to.equal(6);
    expect(volume.spacingMm[0]).to.be.closeTo(scan.geometry.spacingMm[0], 1e-4);
    expect(worstDifference(volume.hu, scan.hu)).to.equal(0);
    expect(passedOver).to.equal(2);
  });

  for (const nuisance of ["prone", "decubitus", "feet-first", "multi-frame", "no-preamble", "no-extension"] as const) {
    it(`gives the same upright voxels of a scan that is ${nuisance}`, async () => {
      const { volume } = await readOneScan(await write(nuisance));
      const scan = synthesiseScan({ seed: 4, index: 0, positive: true, matrix: 32, slices: [6, 6] });
      expect([volume.slices, volume.rows, volume.columns]).to.deep.equal([6, 32, 32]);
      expect(worstDifference(volume.hu, scan.hu)).to.equal(0);
    });
  }

  it("says what is wrong with a folder that is missing, is empty or holds no CT", async () => {
    const code = async (dir: string, expected: ErrorCode) =>
      isFedError(await readOneScan(dir).catch((error: unknown) => error), expected);
    expect(await code(join(root, "nowhere"), "ARCHIVE_UNREADABLE")).to.equal(true);
    expect(await code(await mkdtemp(join(root, "empty-")), "ARCHIVE_EMPTY")).to.equal(true);
    expect(await code(import.meta.dirname, "ARCHIVE_NO_CT")).to.equal(true);
  });
});

/** Voxels outside the round field are stored as padding and read as air. */
function worstDifference(found: ArrayLike<number>, exact: Int16Array): number {
  expect(found.length).to.equal(exact.length);
  return exact.reduce((most, value, at) => (value < -1024 ? most : Math.max(most, Math.abs(value - found[at]!))), 0);
}
