import { expect } from "chai";
import fc from "fast-check";
import {
  both,
  bytesOf,
  countOf,
  either,
  emptyMask,
  inverse,
  maskBelow,
  runsOf,
  setRun,
  without,
} from "../../../imaging/volume/bit-mask.ts";

/** Two stacks of small numbers, of rows of one word, of a whole one, of two and of three. */
const cases = fc
  .record({
    slices: fc.integer({ min: 1, max: 2 }),
    rows: fc.integer({ min: 1, max: 4 }),
    columns: fc.constantFrom(1, 5, 31, 32, 33, 63, 64, 65, 70),
  })
  .chain((grid) => {
    const length = grid.slices * grid.rows * grid.columns;
    const values = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: length, maxLength: length });
    return fc.record({ grid: fc.constant(grid), one: values, other: values });
  });
const parameters = { seed: 4, numRuns: 300 };
const flags = (values: readonly boolean[]) => values.map(Number);

describe("masks of 32 voxels a word", () => {
  it("are joined, subtracted, inverted and counted as voxel by voxel", () => {
    fc.assert(
      fc.property(cases, ({ grid, one, other }) => {
        const [a, b] = [maskBelow(one, 0, grid), maskBelow(other, 0, grid)];
        const voxels = one.map((value, at) => [value < 0, other[at]! < 0] as const);
        expect([...bytesOf(a, grid)]).to.deep.equal(flags(voxels.map(([x]) => x)));
        expect([...bytesOf(both(a, b), grid)]).to.deep.equal(flags(voxels.map(([x, y]) => x && y)));
        expect([...bytesOf(either(a, b), grid)]).to.deep.equal(flags(voxels.map(([x, y]) => x || y)));
        expect([...bytesOf(without(a, b), grid)]).to.deep.equal(flags(voxels.map(([x, y]) => x && !y)));
        expect([...bytesOf(inverse(a, grid), grid)]).to.deep.equal(flags(voxels.map(([x]) => !x)));
        const inside = voxels.filter(([x]) => x).length;
        expect([countOf(a), countOf(inverse(a, grid))]).to.deep.equal([inside, voxels.length - inside]);
      }),
      parameters,
    );
  });

  it("are restored from their runs, of which no two touch", () => {
    fc.assert(
      fc.property(cases, ({ grid, one }) => {
        const mask = maskBelow(one, 1, grid);
        const { count, lines, from, to } = runsOf(mask, grid);
        const again = emptyMask(grid);
        for (let run = 0; run < count; run++) {
          setRun(again, grid, lines[run]!, from[run]!, to[run]!);
          if (run > 0 && lines[run - 1] === lines[run]) expect(from[run]).to.be.above(to[run - 1]!);
        }
        expect([...again]).to.deep.equal([...mask]);
      }),
      parameters,
    );
  });
});
