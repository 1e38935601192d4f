// The work of an import besides decoding must stay small, or fast decoders do not help. The test compares shares of CPU
// time, which a busy machine changes little.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { measureWholeImport } from "../../bench/import/whole.ts";

describe("a whole import", function () {
  this.timeout(600_000);
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "consilium-import-shares-"));
  });
  after(() => rm(root, { recursive: true, force: true }));

  // Measured: 0.43 to 0.59, and 0.53 to 0.67. With lungs found by the voxel and slices resampled in JavaScript: 0.27, uncompressed.
  for (const { encoding, least } of [
    { encoding: "explicit-little", least: 0.3 },
    { encoding: "jpeg-lossless-sv1", least: 0.4 },
  ] as const) {
    it(`spends ${least * 100} % of its CPU time on decoding at least, with 255 slices a series (${encoding})`, async () => {
      const { decodingASeries, importASeries } = await measureWholeImport(join(root, encoding), 255, encoding);
      expect(decodingASeries / importASeries, `${decodingASeries} s of ${importASeries} s`).to.be.above(least);
    });
  }
});
