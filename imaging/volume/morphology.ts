// Shapes of binary masks of a slice stack: connected pieces, and closing and opening within slices.
import { type BitMask, emptyMask, inverse, type MaskGrid, type Runs, runsOf, setRun, wordsPerRow } from "./bit-mask.ts";

export interface Pieces {
  readonly runs: Runs;
  /** Number of each run's piece, 1 upwards in the order of their first voxels. */
  readonly numbers: Int32Array;
  /** Voxels of each piece; index 0 is unused. */
  readonly sizes: readonly number[];
}

/** Connected pieces of a mask, joined over faces (6 neighbours; 4 with `inPlane`). */
export function connectedPieces(mask: BitMask, grid: MaskGrid, { inPlane = false } = {}): Pieces {
  const runs = runsOf(mask, grid);
  const { count, lines, from, to } = runs;
  // Union-find over runs; a root is the smallest of its set.
  const parents = new Int32Array(count);
  for (let run = 0; run < count; run++) parents[run] = run;
  const rootOf = (run: number) => {
    let root = run;
    while (parents[root] !== root) root = parents[root] = parents[parents[root]!]!;
    return root;
  };
  /** Joins the runs of each line with those that they touch in the line `distance` before. */
  const joinWith = (distance: number, reachesInto: (line: number) => boolean) => {
    for (let run = 0, other = 0; run < count; run++) {
      const line = lines[run]!;
      if (!reachesInto(line)) continue;
      const wanted = line - distance;
      while (lines[other]! < wanted || (lines[other] === wanted && to[other]! <= from[run]!)) other++;
      for (let next = other; lines[next] === wanted && from[next]! < to[run]!; next++) {
        const [a, b] = [rootOf(run), rootOf(next)];
        parents[a > b ? a : b] = a > b ? b : a;
      }
    }
  };
  joinWith(1, (line) => line % grid.rows > 0);
  if (!inPlane) joinWith(grid.rows, (line) => line >= grid.rows);
  const numbers = new Int32Array(count);
  const sizes = [0];
  for (let run = 0; run < count; run++) {
    const root = rootOf(run);
    const number = root === run ? sizes.push(0) - 1 : numbers[root]!;
    numbers[run] = number;
    sizes[number]! += to[run]! - from[run]!;
  }
  return { runs, numbers, sizes };
}

/** Voxels of the pieces that are chosen. */
export function maskOfPieces({ runs, numbers }: Pieces, grid: MaskGrid, isChosen: readonly boolean[]): BitMask {
  const mask = emptyMask(grid);
  for (let run = 0; run < runs.count; run++)
    if (isChosen[numbers[run]!]) setRun(mask, grid, runs.lines[run]!, runs.from[run]!, runs.to[run]!);
  return mask;
}

/** Voxels within radiusPx of the mask in their own slice (a disc). */
export function dilateInPlane(mask: BitMask, grid: MaskGrid, radiusPx: number): BitMask {
  const limit = radiusPx * radiusPx + 1e-9;
  // Columns that the disc reaches to each side, by rows from its middle.
  const reach = Array.from({ length: Math.floor(Math.sqrt(limit)) + 1 }, (_, away) =>
    Math.floor(Math.sqrt(limit - away * away)),
  );
  if (reach.length === 1) return mask;
  const { rows } = grid;
  const words = wordsPerRow(grid);
  const dilated = new Uint32Array(mask.length);
  const widened = new Uint32Array(words);
  for (let line = 0; line < grid.slices * rows; line++) {
    const row = line % rows;
    let any = 0;
    for (let word = 0; word < words; word++) any |= widened[word] = mask[line * words + word]!;
    if (any === 0) continue;
    // The disc's ends are narrow: the row is widened step by step towards its middle.
    for (let away = reach.length - 1, width = 0; away >= 0; away--) {
      for (; width < reach[away]!; width++) widen(widened);
      if (away <= row) include(dilated, (line - away) * words, widened);
      if (row + away < rows) include(dilated, (line + away) * words, widened);
    }
  }
  // Clears bits beyond the last column.
  return inverse(inverse(dilated, grid), grid);
}

/** Voxels of the mask further than radiusPx from its outside in their own slice; beyond the picture counts as mask. */
export function erodeInPlane(mask: BitMask, grid: MaskGrid, radiusPx: number): BitMask {
  return inverse(dilateInPlane(inverse(mask, grid), grid, radiusPx), grid);
}

/** A row by a column to each side. */
function widen(row: Uint32Array): void {
  for (let word = 0, before = 0; word < row.length; word++) {
    const bits = row[word]!;
    const after = word + 1 < row.length ? row[word + 1]! : 0;
    row[word] = bits | (bits << 1) | (before >>> 31) | (bits >>> 1) | (after << 31);
    before = bits;
  }
}

function include(mask: BitMask, start: number, row: Uint32Array): void {
  for (let word = 0; word < row.length; word++) mask[start + word]! |= row[word]!;
}

/** Fills what the mask encloses within each slice, up to maxVoxels a hole: holes do not touch the border. */
export function fillHolesInPlane(mask: BitMask, grid: MaskGrid, maxVoxels = Infinity): BitMask {
  const { rows, columns } = grid;
  const holes = connectedPieces(inverse(mask, grid), grid, { inPlane: true });
  const { runs, numbers, sizes } = holes;
  const isOpen = sizes.map((size) => size > maxVoxels);
  for (let run = 0; run < runs.count; run++) {
    const row = runs.lines[run]! % rows;
    if (row === 0 || row === rows - 1 || runs.from[run] === 0 || runs.to[run] === columns) isOpen[numbers[run]!] = true;
  }
  return inverse(maskOfPieces(holes, grid, isOpen), grid);
}
