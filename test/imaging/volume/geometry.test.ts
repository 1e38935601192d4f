import { expect } from "chai";
import fc from "fast-check";
import { type Field, openFieldSampler } from "../../../imaging/volume/field-sampler.ts";
import {
  cells,
  cellsOfSlices,
  coverage,
  type Plane,
  resampleSlices,
  type Size,
  shiftRows,
  shrink,
  upright,
} from "../../../imaging/volume/geometry.ts";

function plane(rows: number, columns: number, valueAt: (row: number, column: number) => number, mm = 1): Plane {
  const values = Int16Array.from({ length: rows * columns }, (_, at) =>
    valueAt(Math.floor(at / columns), at % columns),
  );
  return { values, rows, columns, spacingMm: [mm, mm] };
}

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

const resamplePlane = (of: Plane, field: Field, size: Size, outside: number) =>
  openFieldSampler(field, size, outside)(of);

describe("the common grid", () => {
  it("keeps a uniform plane and the mean of any plane, to coarser and to finer pixels", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1000, max: 3000 }), { minLength: 256, maxLength: 256 }),
        fc.integer({ min: 3, max: 16 }),
        (values, size) => {
          const any = plane(16, 16, (row, column) => values[row * 16 + column]!);
          const field = { centreMm: [7.5, 7.5], sideMm: 16 } as const;
          const coarse = resamplePlane(any, field, { rows: size, columns: size }, 0);
          expect(mean(coarse)).to.be.closeTo(mean(any.values), 0.5);
          const flat = resamplePlane(
            plane(16, 16, () => 42),
            field,
            { rows: size * 3, columns: 5 },
            42,
          );
          expect([...flat].every((value) => Math.abs(value - 42) < 1e-3)).to.equal(true);
        },
      ),
      { numRuns: 40, seed: 3 },
    );
  });

  it("averages out a pattern finer than its pixels instead of aliasing it", () => {
    const stripes = plane(64, 64, (_, column) => (column % 2 === 0 ? 1000 : -1000));
    const field = { centreMm: [31.5, 31.5], sideMm: 64 } as const;
    const coarse = resamplePlane(stripes, field, { rows: 9, columns: 9 }, 0);
    for (const value of coarse) expect(Math.abs(value)).to.be.below(150);
  });

  it("places a field in millimetres at any pixel size, with air beyond the plane", () => {
    const at = (mm: number) =>
      plane(
        Math.round(100 / mm),
        Math.round(100 / mm),
        (row, column) => (row * mm < 50 && column * mm < 50 ? 100 : 0),
        mm,
      );
    const field = { centreMm: [50, 50], sideMm: 100 } as const;
    for (const mm of [0.5, 1, 2]) {
      const found = resamplePlane(at(mm), field, { rows: 4, columns: 4 }, 0);
      expect(found[0]).to.be.closeTo(100, 1);
      expect(found[15]).to.be.closeTo(0, 2);
    }
    const outside = resamplePlane(at(1), { centreMm: [-200, 50], sideMm: 100 }, { rows: 2, columns: 2 }, -1000);
    expect([...outside]).to.deep.equal([-1000, -1000, -1000, -1000]);
  });

  it("turns a plane by its cosines: mirrored, on the side, and prone come out alike", () => {
    const straight = plane(3, 4, (row, column) => row * 10 + column);
    const turned = (
      orientation: readonly number[],
      rows: number,
      columns: number,
      valueAt: (r: number, c: number) => number,
    ) => [
      ...upright(
        plane(rows, columns, valueAt).values,
        { rows, columns },
        { orientation: orientation as never, pixelSpacingMm: [1, 1] },
      ).values,
    ];
    const wanted = [...straight.values];
    expect(turned([1, 0, 0, 0, 1, 0], 3, 4, (r, c) => r * 10 + c)).to.deep.equal(wanted);
    expect(turned([-1, 0, 0, 0, 1, 0], 3, 4, (r, c) => r * 10 + (3 - c))).to.deep.equal(wanted);
    expect(turned([-1, 0, 0, 0, -1, 0], 3, 4, (r, c) => (2 - r) * 10 + (3 - c))).to.deep.equal(wanted);
    expect(turned([0, 1, 0, -1, 0, 0], 4, 3, (r, c) => c * 10 + (3 - r))).to.deep.equal(wanted);
  });

  it("gives each slice the space half-way to its neighbours, so that a gap is bridged", () => {
    expect(cellsOfSlices([0, 10, 40, 50], 5)).to.deep.equal([
      [-5, 5],
      [5, 25],
      [25, 45],
      [45, 55],
    ]);
    expect(cellsOfSlices([7], 5)).to.deep.equal([[4.5, 9.5]]);
    const slices = [0, 10, 40, 50].map((height) => Float32Array.of(height));
    const inputs = cellsOfSlices([0, 10, 40, 50], 5);
    // Cells of 30 mm: the first covers -5..25 and so the two lower slices, by 10 and by 20 mm.
    const [low, high] = resampleSlices(slices, inputs, cells(2, 30, -5)).map(([value]) => value!);
    expect(low).to.be.closeTo((0 * 10 + 10 * 20) / 30, 1e-4);
    expect(high).to.be.closeTo((40 * 20 + 50 * 10) / 30, 1e-4);
  });

  it("weights by overlap: the weights and the part beyond sum to one", () => {
    for (const { weights, beyond } of coverage(cells(5, 2), cells(7, 1.9, -3))) {
      expect(weights.reduce((sum, weight) => sum + weight, beyond)).to.be.closeTo(1, 1e-9);
    }
  });

  it("shrinks by means and moves rows without wrapping them round", () => {
    const small = shrink(
      plane(5, 4, (row, column) => row * 4 + column),
      2,
    );
    expect([small.rows, small.columns, ...small.spacingMm]).to.deep.equal([2, 2, 2, 2]);
    expect([...small.values]).to.deep.equal([3, 5, 11, 13]);
    const two = plane(3, 1, (row) => row + 1);
    expect([...shiftRows(two, 1, -9).values]).to.deep.equal([2, 3, -9]);
    expect([...shiftRows(two, -1, -9).values]).to.deep.equal([-9, 1, 2]);
    expect([...shiftRows(two, 5, -9).values]).to.deep.equal([-9, -9, -9]);
  });
});
