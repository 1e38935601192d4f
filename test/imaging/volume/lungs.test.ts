import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import dicomParser from "dicom-parser";
import { readOneScan } from "../../../imaging/import/read-one-scan.ts";
import { type SyntheticScan, synthesiseScan } from "../../../imaging/phantom/synthesise-scan.ts";
import type { MmGrid } from "../../../imaging/volume/bit-mask.ts";
import { type Plane, shrink } from "../../../imaging/volume/geometry.ts";
import { lungMask } from "../../../imaging/volume/lungs.ts";
import { sharedData } from "../dicom/samples.ts";

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

  it("finds the same lungs on fine pixels", () => {
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

  it("finds the same lungs with a table and a blanket against the skin, at every size of pixels", () => {
    for (const matrix of [64, 96, 200]) {
      for (const index of [0, 1]) {
        const scan = synthesiseScan({ seed: 12, index, positive: false, matrix, slices: [10, 10] });
        const alone = lungMask(scan.hu, scan.geometry);
        for (const hu of [withTable(scan), withBlanket(scan), withBlanket({ ...scan, hu: withTable(scan) })]) {
          const { mask, plausible } = lungMask(hu, scan.geometry);
          expect(plausible).to.equal(true);
          expect(diceOf(mask, alone.mask), `${matrix} pixels, patient ${index}`).to.be.at.least(0.985);
          expect(extentOf(mask, scan.geometry)).to.deep.equal(extentOf(alone.mask, scan.geometry));
        }
      }
    }
  });

  it("finds the same lungs where a cradle of foam with a dense shell touches the back or, prone, the front", () => {
    for (const index of [1, 3]) {
      const scan = synthesiseScan({ seed: 12, index, positive: true, matrix: 110, slices: [10, 10] });
      const alone = lungMask(scan.hu, scan.geometry);
      for (const isProne of [false, true]) {
        const { mask } = lungMask(withCradle(scan, isProne), scan.geometry);
        expect(extentOf(mask, scan.geometry), `patient ${index}`).to.deep.equal(extentOf(alone.mask, scan.geometry));
        expect(diceOf(mask, alone.mask)).to.be.at.least(0.998);
      }
    }
  });

  it("finds the same rows of a real chest whether the field ends at the table or in air", async function () {
    const folder = sharedData("lung-dx-a0002-negative");
    if (!folder) this.skip();
    const { stack } = await readOneScan(folder);
    const bounds = [0, 48, 96].map((by) => {
      const { hu, grid } = coarse(
        stack.planes.map((plane) => padded(plane, by)),
        6,
      );
      const [first, last] = extentOf(lungMask(hu, grid).mask, grid);
      return [first! * 6 - by, last! * 6 - by];
    });
    expect(bounds[1]).to.deep.equal(bounds[0]);
    expect(bounds[2]).to.deep.equal(bounds[0]);
    // The table begins 60 mm behind the lungs.
    expect(bounds[0]![1]! * stack.planes[0]!.spacingMm[0]).to.be.below(250);
  });

  it("accepts a real chest and refuses its abdominal end alone", function () {
    const folder = sharedData("lung-dx-a0002-negative");
    if (!folder) this.skip();
    const { hu, grid } = readSeries(join(folder, "dcm"));
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

/** A hollow table of dense shells that touches the back of every slice, cut by the end of the field. */
function withTable({ hu, geometry }: SyntheticScan): Int16Array {
  const { slices, rows, columns, spacingMm } = geometry;
  const shellPx = 5 / spacingMm[1];
  const table = hu.slice();
  for (let slice = 0; slice < slices; slice++) {
    const back = lastTissueRow(hu.subarray(slice * rows * columns, (slice + 1) * rows * columns), columns);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const at = (slice * rows + row) * columns + column;
        const depth = row - back + ((column - columns / 2) * spacingMm[2]) ** 2 / 2500 / spacingMm[1];
        if (depth <= 0 || hu[at]! > -500) continue;
        const isShell = depth < shellPx || (depth > 6 * shellPx && depth < 7 * shellPx);
        table[at] = isShell ? 60 : depth < 7 * shellPx ? -880 : -1000;
      }
    }
  }
  return table;
}

/** A cradle of foam of -800 HU, 6 cm thick in shells of 5 mm, that follows the skin a few millimetres away from it. */
function withCradle({ hu, geometry }: SyntheticScan, isProne: boolean): Int16Array {
  const { slices, rows, columns, spacingMm } = geometry;
  const cradle = hu.slice();
  const place = (slice: number, row: number) => (slice * rows + (isProne ? rows - 1 - row : row)) * columns;
  for (let slice = 0; slice < slices; slice++) {
    let back = 0;
    for (let row = 0; row < rows; row++)
      if (hu.subarray(place(slice, row), place(slice, row) + columns).some((value) => value > -200)) back = row;
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const at = place(slice, row) + column;
        const depthMm = (row - back) * spacingMm[1] - 4 + ((column - columns / 2) * spacingMm[2]) ** 2 / 900;
        if (depthMm < 0 || depthMm > 60 || hu[at]! > -500 || isInside(hu, at, columns)) continue;
        cradle[at] = depthMm < 5 || depthMm > 55 ? 80 : -800;
      }
    }
  }
  return cradle;
}

/** Whether tissue lies on both sides of a pixel in its row. */
function isInside(hu: Int16Array, at: number, columns: number): boolean {
  const start = at - (at % columns);
  const isTissue = (value: number) => value > -200;
  return hu.subarray(start, at).some(isTissue) && hu.subarray(at, start + columns).some(isTissue);
}

/** A blanket of 4 mm that follows the front of the body a few millimetres away from it, with air below. */
function withBlanket({ hu, geometry }: SyntheticScan): Int16Array {
  const { slices, rows, columns, spacingMm } = geometry;
  const blanket = hu.slice();
  for (let line = 0; line < slices * columns; line++) {
    const slice = Math.floor(line / columns);
    const column = line % columns;
    const at = (row: number) => (slice * rows + row) * columns + column;
    let front = 0;
    while (front < rows && hu[at(front)]! < -300) front++;
    const awayMm = 8 + 8 * Math.sin(column / 9);
    const top = Math.round((front === rows ? rows / 2 : front) - awayMm / spacingMm[1]);
    for (let row = Math.max(0, top - Math.ceil(4 / spacingMm[1])); row < top; row++) blanket[at(row)] = -80;
  }
  return blanket;
}

function lastTissueRow(hu: Int16Array, columns: number): number {
  const middle = Math.floor(columns / 2);
  let last = 0;
  for (let row = 0; row * columns < hu.length; row++) if (hu[row * columns + middle]! > -200) last = row;
  return last;
}

/** First and last row of the mask with more than a voxel in a thousand. */
function extentOf(mask: Uint8Array, { rows, columns }: MmGrid): number[] {
  const counts = new Array<number>(rows).fill(0);
  for (const [voxel, inside] of mask.entries()) counts[Math.floor(voxel / columns) % rows]! += inside;
  const few = counts.reduce((sum, count) => sum + count, 0) / 1000;
  return [counts.findIndex((count) => count > few), counts.findLastIndex((count) => count > few)];
}

function padded(plane: Plane, by: number): Plane {
  const [rows, columns] = [plane.rows + 2 * by, plane.columns + 2 * by];
  const values = new Int16Array(rows * columns).fill(-1000);
  for (let row = 0; row < plane.rows; row++)
    values.set(plane.values.subarray(row * plane.columns, (row + 1) * plane.columns), (row + by) * columns + by);
  return { ...plane, values, rows, columns };
}

function coarse(planes: readonly Plane[], factor: number): { hu: Int16Array; grid: MmGrid } {
  const small = planes.map((plane) => shrink(plane, factor));
  const { rows, columns, spacingMm } = small[0]!;
  const hu = new Int16Array(small.length * rows * columns);
  for (const [slice, { values }] of small.entries()) hu.set(values, slice * rows * columns);
  return { hu, grid: { slices: small.length, rows, columns, spacingMm: [8, ...spacingMm] } };
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
