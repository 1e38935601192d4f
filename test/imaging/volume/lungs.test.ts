import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import dicomParser from "dicom-parser";
import { type SyntheticScan, synthesiseScan } from "../../../imaging/phantom/synthesise-scan.ts";
import type { MmGrid } from "../../../imaging/volume/bit-mask.ts";
import { lungMask } from "../../../imaging/volume/lungs.ts";

describe("the lung mask", () => {
  it("agrees with the exact lungs of phantoms, healthy and ill, at a Dice of 0.94 or more each and 0.97 in the mean", () => {
    const dice = Array.from({ length: 8 }, (_, index) => {
      const scan = synthesiseScan({ seed: 11, index, positive: index % 2 === 0 });
      const found = lungMask(scan.hu, scan.geometry);
      expect(found.plausible, `patient ${index}: ${found.reason}`).to.equal(true);
      return diceOf(found.mask, scan.lung);
    });
    expect(Math.min(...dice)).to.be.at.least(0.94);
    expect(dice.reduce((sum, value) => sum + value, 0) / dice.length).to.be.at.least(0.97);
  });

  it("finds the same lungs on fine pixels, by way of coarser ones", () => {
    const scan = synthesiseScan({ seed: 11, index: 1, positive: false, matrix: 384, slices: [12, 12] });
    expect(diceOf(lungMask(scan.hu, scan.geometry).mask, scan.lung)).to.be.at.least(0.95);
  });

  it("leaves out the windpipe and the air around the patient", () => {
    const scan = synthesiseScan({ seed: 11, index: 3, positive: false });
    const { mask } = lungMask(scan.hu, scan.geometry);
    const extra = mask.reduce(
      (sum, inside, voxel) => sum + (inside && !scan.lung[voxel] && scan.hu[voxel]! < -900 ? 1 : 0),
      0,
    );
    expect(extra / scan.lung.reduce((sum, inside) => sum + inside, 0)).to.be.below(0.01);
  });

  it("reports the volume in millilitres", () => {
    const scan = synthesiseScan({ seed: 11, index: 5, positive: false });
    const [z, y, x] = scan.geometry.spacingMm;
    const exactMl = (scan.lung.reduce((sum, inside) => sum + inside, 0) * z * y * x) / 1000;
    expect(lungMask(scan.hu, scan.geometry).volumeMl).to.be.closeTo(exactMl, exactMl * 0.06);
  });

  it("refuses an abdomen, one lung alone, an empty field and a block of tissue, each with its reason", () => {
    const scan = synthesiseScan({ seed: 11, index: 1, positive: false });
    const area = scan.geometry.rows * scan.geometry.columns;
    const abdomen = lungMask(scan.hu.subarray(0, 2 * area), { ...scan.geometry, slices: 2 });
    expect([abdomen.plausible, abdomen.reason]).to.deep.equal([false, "TOO_SMALL"]);
    expect(lungMask(withoutSide(scan), scan.geometry).reason).to.equal("ONE_SIDE_ONLY");
    const grid: MmGrid = { slices: 20, rows: 64, columns: 64, spacingMm: [10, 5, 5] };
    const air = new Int16Array(20 * 64 * 64).fill(-1000);
    expect(lungMask(air, grid).reason).to.equal("NO_BODY");
    const block = air.map((_, voxel) =>
      Math.abs((voxel % 64) - 32) < 20 && Math.abs((Math.floor(voxel / 64) % 64) - 32) < 20 ? 40 : -1000,
    );
    expect(lungMask(block, grid).reason).to.equal("NO_LUNGS");
  });

  it("takes a real chest for plausible and its abdominal end alone not", function () {
    const folder = join(import.meta.dirname, "../../../../shared/data/lung-dx-a0002-negative/dcm");
    if (!existsSync(folder)) this.skip();
    const { hu, grid } = readSeries(folder);
    const chest = lungMask(hu, grid);
    expect([chest.plausible, chest.reason]).to.deep.equal([true, undefined]);
    expect(chest.volumeMl).to.be.within(2000, 4000);
    const abdomen = lungMask(hu.subarray(0, 4 * grid.rows * grid.columns), { ...grid, slices: 4 });
    expect(abdomen.plausible).to.equal(false);
  });
});

function diceOf(a: Uint8Array, b: Uint8Array): number {
  let [both, sum] = [0, 0];
  for (let voxel = 0; voxel < a.length; voxel++) {
    both += a[voxel]! & b[voxel]!;
    sum += a[voxel]! + b[voxel]!;
  }
  return (2 * both) / sum;
}

/** The scan with one lung full of tissue, as after its removal. */
function withoutSide({ hu, lung, geometry }: SyntheticScan): Int16Array {
  return hu.map((value, voxel) => (lung[voxel] && voxel % geometry.columns > geometry.columns / 2 ? 30 : value));
}

function readSeries(folder: string): { hu: Int16Array; grid: MmGrid } {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".dcm"));
  const slices = names.map((name) => {
    const bytes = readFileSync(join(folder, name));
    const set = dicomParser.parseDicom(bytes);
    const { dataOffset, length } = set.elements["x7fe00010"]!;
    const words = new Uint16Array(
      bytes.buffer.slice(bytes.byteOffset + dataOffset, bytes.byteOffset + dataOffset + length),
    );
    const pixelMm = Number(set.string("x00280030")!.split("\\")[0]);
    return { z: Number(set.string("x00200032")!.split("\\")[2]), words, pixelMm };
  });
  slices.sort((a, b) => a.z - b.z);
  const { pixelMm, z } = slices[0]!;
  const hu = new Int16Array(slices.length * 512 * 512);
  for (const [index, { words }] of slices.entries())
    hu.set(
      Int16Array.from(words, (word) => word - 1024),
      index * 512 * 512,
    );
  return {
    hu,
    grid: { slices: slices.length, rows: 512, columns: 512, spacingMm: [slices[1]!.z - z, pixelMm, pixelMm] },
  };
}
