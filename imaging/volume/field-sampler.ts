// A square field of view cut out of slices and averaged down to a network's pixels, two rows or two columns a turn: in 64-bit
// floats and in a fixed order, to the bit as JavaScript would (test/imaging/volume/field-sampler.test.ts), 6 times faster.

import { fieldSamplerWasm } from "./field-sampler-wasm.ts";
import { type Coverage, cells, coverage, type Plane, type Size } from "./geometry.ts";
import { kernelMemory, kernelsOf } from "./kernel-memory.ts";

const { pairRows, averagePairs, averageRows } = kernelsOf<"pairRows" | "averagePairs" | "averageRows">(
  fieldSamplerWasm,
);

/** A square field of view: its middle, mm from the centre of the first pixel, and its side. */
export interface Field {
  readonly centreMm: readonly [row: number, column: number];
  readonly sideMm: number;
}

/**
 * Cuts the field out of planes: size.rows x size.columns pixels, each the mean of the area that it covers; beyond the plane
 * lies `outside`. The coverage of each pixel is computed once for successive planes of one grid.
 */
export function openFieldSampler(field: Field, size: Size, outside: number): (plane: Plane) => Float32Array {
  let grid: Omit<Plane, "values"> | undefined;
  let sample: (values: Int16Array) => Float32Array;
  return (plane) => {
    if (!grid || !isSameGrid(grid, plane)) sample = gridSampler(plane, field, size, outside);
    grid = plane;
    return sample(plane.values);
  };
}

function isSameGrid(one: Omit<Plane, "values">, other: Omit<Plane, "values">): boolean {
  const isAlike = (axis: 0 | 1) => one.spacingMm[axis] === other.spacingMm[axis];
  return one.rows === other.rows && one.columns === other.columns && isAlike(0) && isAlike(1);
}

function gridSampler(
  { rows, columns, spacingMm }: Omit<Plane, "values">,
  { centreMm, sideMm }: Field,
  size: Size,
  outside: number,
): (values: Int16Array) => Float32Array {
  const down = coverage(cells(rows, spacingMm[0]), cells(size.rows, sideMm / size.rows, centreMm[0] - sideMm / 2));
  const across = coverage(
    cells(columns, spacingMm[1]),
    cells(size.columns, sideMm / size.columns, centreMm[1] - sideMm / 2),
  );
  // In the kernels' memory, one after the other, each with room for the end of a last turn.
  const strideBytes = 4 * (size.columns + (size.columns & 1));
  const pairsAt = (2 * rows * columns + 2 * columns + 31) & ~15;
  const narrowAt = pairsAt + 16 * (columns + 8);
  const outAt = narrowAt + strideBytes * (rows + 1);
  const tablesAt = (outAt + 4 * size.rows * size.columns + 23) & ~7;
  const acrossTable = tableOf(across, pairsAt, 16, outside, columns);
  const downTable = tableOf(down, narrowAt, strideBytes, outside, rows);
  const [acrossEnd, downEnd] = [
    tablesAt + acrossTable.bytes.length,
    tablesAt + acrossTable.bytes.length + downTable.bytes.length,
  ];
  return (values) => {
    const memory = kernelMemory(downEnd);
    new Int16Array(memory, 0, values.length).set(values);
    new Uint8Array(memory, tablesAt).set(acrossTable.bytes);
    new Uint8Array(memory, acrossEnd).set(downTable.bytes);
    // Columns first, into [rows, size.columns]; rows that no pixel of the field covers are skipped.
    for (let row = downTable.first; row < downTable.last; row += 2) {
      const start = 2 * row * columns;
      pairRows(start, start + 2 * columns, start + 2 * columns, pairsAt);
      averagePairs(tablesAt, acrossEnd, narrowAt + row * strideBytes, narrowAt + (row + 1) * strideBytes);
    }
    const tableBytes = downTable.bytes.length / size.rows;
    for (let row = 0; row < size.rows; row++)
      averageRows(
        acrossEnd + row * tableBytes,
        outAt + 4 * row * size.columns,
        outAt + 4 * (row + 1) * size.columns,
        strideBytes,
      );
    return new Float32Array(memory, outAt, size.rows * size.columns).slice();
  };
}

interface Table {
  readonly bytes: Uint8Array;
  /** The first input that an output covers, and the one after the last. */
  readonly first: number;
  readonly last: number;
}

/**
 * The kernels' table of each output: where its inputs begin and end, the value of the part beyond the plane, and the weights,
 * equally many for each output.
 */
function tableOf(covers: readonly Coverage[], at: number, stride: number, outside: number, inputs: number): Table {
  const taps = Math.max(1, ...covers.map(({ weights }) => weights.length));
  const words = 2 + taps;
  const table = new Float64Array(words * covers.length);
  const places = new Int32Array(table.buffer);
  const firsts = covers.map(({ first }) => Math.max(0, Math.min(first, inputs - taps)));
  for (const [out, { first, weights, beyond }] of covers.entries()) {
    const from = firsts[out]!;
    places[2 * words * out] = at + from * stride;
    places[2 * words * out + 1] = at + (from + taps) * stride;
    table[words * out + 1] = beyond * outside;
    table.set(weights, words * out + 2 + first - from);
  }
  return { bytes: new Uint8Array(table.buffer), first: Math.min(...firsts), last: Math.max(...firsts) + taps };
}
