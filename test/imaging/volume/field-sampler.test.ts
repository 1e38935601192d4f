import { expect } from "chai";
import fc from "fast-check";
import { type Field, openFieldSampler } from "../../../imaging/volume/field-sampler.ts";
import { type Coverage, cells, coverage, type Plane, type Size } from "../../../imaging/volume/geometry.ts";

const outside = -1000;

const cases = fc
  .record({
    rows: fc.integer({ min: 1, max: 21 }),
    columns: fc.integer({ min: 1, max: 21 }),
    rowMm: fc.double({ min: 0.3, max: 4, noNaN: true }),
    columnMm: fc.double({ min: 0.3, max: 4, noNaN: true }),
    centre: fc.tuple(fc.double({ min: -40, max: 90, noNaN: true }), fc.double({ min: -40, max: 90, noNaN: true })),
    sideMm: fc.double({ min: 1, max: 120, noNaN: true }),
    size: fc.record({ rows: fc.integer({ min: 1, max: 19 }), columns: fc.integer({ min: 1, max: 19 }) }),
  })
  .chain(({ rows, columns, rowMm, columnMm, centre, sideMm, size }) =>
    fc
      .int16Array({ min: -1024, max: 3071, minLength: rows * columns, maxLength: rows * columns })
      .map((values): { plane: Plane; field: Field; size: Size } => ({
        plane: { values, rows, columns, spacingMm: [rowMm, columnMm] },
        field: { centreMm: centre, sideMm },
        size,
      })),
  );

describe("the sampler of a field", () => {
  it("gives the same bits as sums in JavaScript, at any place of the field", () => {
    fc.assert(
      fc.property(cases, ({ plane, field, size }) => {
        const sample = openFieldSampler(field, size, outside);
        const expected = [...writtenOut(plane, field, size)];
        expect([...sample(plane)]).to.deep.equal(expected);
        // Nothing of the plane before is left, of the same grid or of another one.
        sample({ ...plane, values: plane.values.map((value) => -value) });
        expect([...sample(plane)]).to.deep.equal(expected);
        const other: Plane = { ...plane, rows: plane.columns, columns: plane.rows, spacingMm: [1, 2] };
        expect([...sample(other)]).to.deep.equal([...writtenOut(other, field, size)]);
      }),
      { seed: 4, numRuns: 400 },
    );
  });
});

/** Columns first, then rows, each sum in the order of its inputs. */
function writtenOut(
  { values, rows, columns, spacingMm }: Plane,
  { centreMm, sideMm }: Field,
  size: Size,
): Float32Array {
  const down = coverage(cells(rows, spacingMm[0]), cells(size.rows, sideMm / size.rows, centreMm[0] - sideMm / 2));
  const across = coverage(
    cells(columns, spacingMm[1]),
    cells(size.columns, sideMm / size.columns, centreMm[1] - sideMm / 2),
  );
  const mean = ({ first, weights, beyond }: Coverage, valueAt: (input: number) => number) =>
    weights.reduce((sum, weight, k) => sum + weight * valueAt(first + k), beyond * outside);
  const narrow = Float32Array.from({ length: rows * size.columns }, (_, at) => {
    const row = Math.floor(at / size.columns);
    return mean(across[at % size.columns]!, (column) => values[row * columns + column]!);
  });
  // A sum of nothing may be -0.
  return Float32Array.from({ length: size.rows * size.columns }, (_, at) => {
    const column = at % size.columns;
    return mean(down[Math.floor(at / size.columns)]!, (row) => narrow[row * size.columns + column]!);
  });
}
