import { expect } from "chai";
import fc from "fast-check";
import { highestHu, lowestHu } from "../../../imaging/dicom/hounsfield.ts";
import { frameMemory, shrinkPixels } from "../../../imaging/volume/shrink-pixels.ts";

const cases = fc
  .record({ rows: fc.integer({ min: 0, max: 9 }), columns: fc.integer({ min: 1, max: 61 }) })
  .chain(({ rows, columns }) =>
    fc.record({
      grid: fc.constant({ rows, columns }),
      values: fc.int16Array({
        ...{ min: lowestHu, max: highestHu, minLength: rows * columns, maxLength: rows * columns },
      }),
      factor: fc.integer({ min: 2, max: 6 }),
    }),
  );

describe("shrinking", () => {
  it("gives the means of squares of any factor, halves up, whether the frame lies in the kernels' memory or not", () => {
    fc.assert(
      fc.property(cases, ({ values, grid, factor }) => {
        const expected = meansOf(values, grid, factor);
        expect([...shrinkPixels(values, grid, factor)]).to.deep.equal(expected);
        const frame = frameMemory(values.length);
        frame.set(values);
        expect([...shrinkPixels(frame, grid, factor)]).to.deep.equal(expected);
      }),
      { seed: 4, numRuns: 500 },
    );
  });

  it("is exact for every sum of four and of nine HU", () => {
    for (const factor of [2, 3]) {
      const area = factor * factor;
      const squares = (highestHu - lowestHu) * area + 1;
      const grid = { rows: factor, columns: factor * squares };
      const values = new Int16Array(area * squares).map((_, at) => {
        const [row, column] = [Math.floor(at / grid.columns), at % grid.columns];
        const place = row * factor + (column % factor);
        // Squares in turn have sums one apart: so many of their pixels are one higher.
        const square = Math.floor(column / factor);
        return lowestHu + Math.floor(square / area) + (place < square % area ? 1 : 0);
      });
      const means = shrinkPixels(values, grid, factor);
      const wrong = means.findIndex((mean, square) => mean !== Math.round((lowestHu * area + square) / area));
      expect(wrong).to.equal(-1);
    }
  });
});

function meansOf(values: Int16Array, { rows, columns }: { rows: number; columns: number }, factor: number): number[] {
  const [down, across] = [Math.floor(rows / factor), Math.floor(columns / factor)];
  return Array.from({ length: down * across }, (_, at) => {
    const [top, left] = [Math.floor(at / across) * factor, (at % across) * factor];
    let sum = 0;
    for (let row = top; row < top + factor; row++)
      for (let column = left; column < left + factor; column++) sum += values[row * columns + column]!;
    return Math.round(sum / (factor * factor));
  }).map((mean) => mean + 0);
}
