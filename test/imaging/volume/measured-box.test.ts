import { expect } from "chai";
import fc from "fast-check";
import type { DecodePool } from "../../../imaging/dicom/decode-pool.ts";
import { readStack } from "../../../imaging/series/read-stack.ts";
import type { SeriesCandidate } from "../../../imaging/series/select.ts";
import type { Plane } from "../../../imaging/volume/geometry.ts";
import { measuredBox } from "../../../imaging/volume/measured-box.ts";
import { reduceFrame } from "../../../imaging/volume/reduce-frame.ts";

const orientation = [1, 0, 0, 0, 1, 0] as const;
const pixelSpacingMm = [0.8, 0.8] as const;

function noise(rows: number, columns: number, seed: number): Plane {
  let state = seed + 1;
  const values = Int16Array.from({ length: rows * columns }, () => {
    state = (state * 48271) % 2147483647;
    return (state % 900) - 1000;
  });
  return { values, rows, columns, spacingMm: pixelSpacingMm };
}

/** The plane in the middle of lines of one value; the corner has another one, as margins of two programs have. */
function surrounded(plane: Plane, [top, bottom, left, right]: readonly number[], value: number): Plane {
  const rows = plane.rows + top! + bottom!;
  const columns = plane.columns + left! + right!;
  const values = new Int16Array(rows * columns).fill(value);
  for (let row = 0; row < plane.rows; row++)
    values.set(plane.values.subarray(row * plane.columns, (row + 1) * plane.columns), (row + top!) * columns + left!);
  return { values, rows, columns, spacingMm: plane.spacingMm };
}

const reduce = (plane: Plane, shift: number) =>
  reduceFrame(plane.values, { ...plane, frames: [{ orientation, pixelSpacingMm }] as never }, 0, {
    ...{ pixelMm: 1.7, shifts: [shift], box: measuredBox(plane), roomRows: 5 },
  });

describe("the measured pixels of a slice", () => {
  it("give the same averaged pixels whatever constant margins, one in another, lie around them", () => {
    const margin = fc.tuple(fc.nat(7), fc.nat(7), fc.nat(7), fc.nat(7));
    fc.assert(
      fc.property(margin, margin, fc.integer({ min: -5, max: 5 }), fc.nat(1000), (inner, outer, shift, seed) => {
        const plane = noise(9, 12, seed);
        const padded = surrounded(surrounded(plane, inner, -1024), outer, -1000);
        expect(reduce(padded, shift)).to.deep.equal(reduce(plane, shift));
      }),
      { numRuns: 100, seed: 3 },
    );
  });

  it("are none in a slice of one value", () => {
    expect(measuredBox({ values: new Int16Array(12).fill(-1000), rows: 3, columns: 4 })).to.equal(undefined);
  });

  it("are those of all slices of a series, though the first one looked at has wider margins", async () => {
    const wide = [noise(8, 8, 1), noise(8, 8, 2), noise(8, 8, 3)];
    const narrow = surrounded(noise(4, 4, 4), [3, 1, 2, 2], -1000);
    const stackOf = async (planes: readonly Plane[]) => {
      const at = (source: unknown) => planes[(source as { path: number }).path]!;
      const pool: Pick<DecodePool, "size" | "planes" | "box"> = {
        size: 1,
        box: async (source) => measuredBox(at(source)),
        async *planes(source, reduction) {
          const plane = at(source);
          const frames = [{ orientation, pixelSpacingMm }] as never;
          yield reduceFrame(plane.values, { ...plane, frames }, 0, { ...reduction, pixelMm: 1.7 });
        },
      };
      const frames = planes.map((_, file) => ({ file, frame: 0, heightMm: file, orientation, pixelSpacingMm }));
      const candidate = { order: { frames, repeated: [], spacingMm: 1 }, thicknessMm: 1, continued: [] };
      return readStack(
        candidate as unknown as SeriesCandidate,
        (file, work) => work({ path: file as unknown as string }),
        { pool: pool as DecodePool, pixelMm: 1.7 },
      );
    };
    const planes = [wide[0]!, wide[1]!, narrow, wide[2]!];
    const margin = [1, 2, 3, 0];
    const padded = await stackOf(planes.map((plane) => surrounded(plane, margin, -1000)));
    expect(padded.planes[0]!.rows).to.equal(4);
    const { originsMm, ...plain } = await stackOf(planes);
    expect(padded).to.deep.include(plain);
    // From the corner of the image, which the margin moves.
    for (const [at, [down, along]] of padded.originsMm.entries()) {
      expect(down - originsMm[at]![0]).to.be.closeTo(1 * 0.8, 1e-9);
      expect(along - originsMm[at]![1]).to.be.closeTo(3 * 0.8, 1e-9);
    }
  });
});
