import { expect } from "chai";
import fc from "fast-check";
import { bytesOf, inverse, type MaskGrid, maskBelow } from "../../../imaging/volume/bit-mask.ts";
import {
  connectedPieces,
  dilateInPlane,
  erodeInPlane,
  fillHolesInPlane,
  maskOfPieces,
} from "../../../imaging/volume/morphology.ts";

/** Masks of any density, and radii from less than a voxel to more than the picture. */
const cases = fc
  .record({
    slices: fc.integer({ min: 1, max: 3 }),
    rows: fc.integer({ min: 1, max: 11 }),
    // Rows of one word of 32 voxels, of a whole one, and of two.
    columns: fc.oneof(fc.integer({ min: 1, max: 11 }), fc.integer({ min: 31, max: 37 })),
  })
  .chain((grid) =>
    fc.record({
      grid: fc.constant(grid),
      mask: fc.double({ min: 0, max: 1, noNaN: true }).chain((density) => {
        const voxel = fc.double({ min: 0, max: 1, noNaN: true }).map((chance) => (chance < density ? 1 : 0));
        const length = grid.slices * grid.rows * grid.columns;
        return fc.array(voxel, { minLength: length, maxLength: length }).map((voxels) => Uint8Array.from(voxels));
      }),
      radius: fc.double({ min: 0, max: 14, noNaN: true }),
    }),
  );
const parameters = { seed: 4, numRuns: 300 };
const packed = (mask: Uint8Array, grid: MaskGrid) => inverse(maskBelow(mask, 1, grid), grid);

describe("shapes of masks", () => {
  it("dilates to the voxels within the radius in the slice, and erodes to those far from the outside", () => {
    fc.assert(
      fc.property(cases, ({ grid, mask, radius }) => {
        const bits = packed(mask, grid);
        expect([...bytesOf(dilateInPlane(bits, grid, radius), grid)]).to.deep.equal(within(mask, grid, radius, 1));
        const nearOutside = within(mask, grid, radius, 0);
        expect([...bytesOf(erodeInPlane(bits, grid, radius), grid)]).to.deep.equal(nearOutside.map((near) => 1 - near));
      }),
      parameters,
    );
  });

  it("numbers pieces that are connected over faces by their first voxels, with their sizes", () => {
    fc.assert(
      fc.property(cases, fc.boolean(), ({ grid, mask }, inPlane) => {
        const pieces = connectedPieces(packed(mask, grid), grid, { inPlane });
        const { sizes } = pieces;
        const walked = walkedPieces(mask, grid, inPlane);
        for (let piece = 1; piece < sizes.length; piece++) {
          const alone = maskOfPieces(
            pieces,
            grid,
            sizes.map((_, other) => other === piece),
          );
          expect([...bytesOf(alone, grid)]).to.deep.equal(walked.map((label) => (label === piece ? 1 : 0)));
        }
        expect(sizes.slice(1)).to.deep.equal(
          Array.from(
            { length: Math.max(0, ...walked) },
            (_, piece) => walked.filter((label) => label === piece + 1).length,
          ),
        );
      }),
      parameters,
    );
  });

  it("fills holes that do not reach the border of the slice, up to the given size", () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(1, 3, Infinity), ({ grid, mask }, most) => {
        const outside = walkedPieces(
          mask.map((inside) => 1 - inside),
          grid,
          true,
        );
        const { rows, columns } = grid;
        const atBorder = new Set(
          outside.filter((_, voxel) => {
            const [row, column] = [Math.floor(voxel / columns) % rows, voxel % columns];
            return row === 0 || column === 0 || row === rows - 1 || column === columns - 1;
          }),
        );
        const sizeOf = (label: number) => outside.filter((other) => other === label).length;
        const filled = outside.map((label) => (label === 0 || (!atBorder.has(label) && sizeOf(label) <= most) ? 1 : 0));
        expect([...bytesOf(fillHolesInPlane(packed(mask, grid), grid, most), grid)]).to.deep.equal(filled);
      }),
      parameters,
    );
  });
});

/** 1 where a voxel of `value` is within the radius in the slice: every pair looked at. */
function within(mask: Uint8Array, { rows, columns }: MaskGrid, radius: number, value: 0 | 1): number[] {
  const place = (voxel: number) => [
    Math.floor(voxel / (rows * columns)),
    Math.floor(voxel / columns) % rows,
    voxel % columns,
  ];
  return Array.from(mask, (_, voxel) => {
    const [slice, row, column] = place(voxel) as [number, number, number];
    return mask.some((other, at) => {
      const [s, r, c] = place(at) as [number, number, number];
      return other === value && s === slice && (r - row) ** 2 + (c - column) ** 2 <= radius ** 2 + 1e-9;
    })
      ? 1
      : 0;
  });
}

/** Labels by a walk from each voxel to its neighbours. */
function walkedPieces(mask: Uint8Array, { slices, rows, columns }: MaskGrid, inPlane: boolean): number[] {
  const labels = new Array<number>(mask.length).fill(0);
  let last = 0;
  const walk = (slice: number, row: number, column: number, label: number): void => {
    const voxel = (slice * rows + row) * columns + column;
    const isInside = slice >= 0 && row >= 0 && column >= 0 && slice < slices && row < rows && column < columns;
    if (!isInside || mask[voxel] === 0 || labels[voxel] !== 0) return;
    labels[voxel] = label;
    for (const step of [-1, 1]) {
      walk(slice, row + step, column, label);
      walk(slice, row, column + step, label);
      if (!inPlane) walk(slice + step, row, column, label);
    }
  };
  for (let voxel = 0; voxel < mask.length; voxel++) {
    if (mask[voxel] === 0 || labels[voxel] !== 0) continue;
    walk(Math.floor(voxel / (rows * columns)), Math.floor(voxel / columns) % rows, voxel % columns, ++last);
  }
  return labels;
}
