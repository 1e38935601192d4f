import { expect } from "chai";
import fc from "fast-check";
import { cells, coverage } from "../../../imaging/volume/geometry.ts";
import { sliceMeans } from "../../../imaging/volume/slice-means.ts";

describe("means of slices", () => {
  it("have the same bits as sums in JavaScript, for any number of slices and pixels", () => {
    const cases = fc.record({
      slices: fc.integer({ min: 1, max: 20 }),
      area: fc.integer({ min: 1, max: 40 }),
      outputs: fc.integer({ min: 1, max: 20 }),
      sliceMm: fc.double({ min: 0.3, max: 8, noNaN: true }),
      // Outputs that reach beyond the scan, too.
      beyondMm: fc.double({ min: 0, max: 3, noNaN: true }),
      seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    });
    fc.assert(
      fc.property(cases, ({ slices, area, outputs, sliceMm, beyondMm, seed }) => {
        const values = Int16Array.from({ length: slices * area }, (_, at) => (((at + 1) * seed) % 4096) - 1024);
        const width = (slices * sliceMm + 2 * beyondMm) / outputs;
        const covers = coverage(cells(slices, sliceMm), cells(outputs, width, -sliceMm / 2 - beyondMm));
        const expected = covers.flatMap(({ first, weights, beyond }) =>
          Array.from({ length: area }, (_, pixel) => {
            let mean = 0;
            for (const [k, weight] of weights.entries())
              mean = Math.fround(mean + (weight / (1 - beyond)) * values[(first + k) * area + pixel]!);
            return Math.round(mean) + 0;
          }),
        );
        expect([...sliceMeans(values, area, covers)]).to.deep.equal(expected);
      }),
      { seed: 5, numRuns: 400 },
    );
  });

  it("of equal halves are rounded up", () => {
    const covers = [{ first: 0, weights: Float64Array.from([0.5, 0.5]), beyond: 0 }];
    const slices = Int16Array.from([-3, 3, 0, -1024, -2, 4, 0, -1023]);
    expect([...sliceMeans(slices, 4, covers)]).to.deep.equal([-2, 4, 0, -1023]);
  });
});
