// Shapes of binary masks of a slice stack: connected pieces, and closing and opening within slices. Each runs over the
// voxels a fixed number of times, whatever the shapes and radii.

/** Size of a mask of voxels, [slices, rows, columns]. */
export interface MaskGrid {
  readonly slices: number;
  readonly rows: number;
  readonly columns: number;
}

export interface Pieces {
  /** Number of each voxel's piece, 1 upwards in the order of their first voxels; 0 outside the mask. */
  readonly labels: Int32Array;
  /** Voxels of each piece; index 0 is unused. */
  readonly sizes: readonly number[];
}

/** Connected pieces of a mask, joined over faces (6 neighbours; 4 with `inPlane`). */
export function connectedPieces(
  mask: Uint8Array,
  { slices, rows, columns }: MaskGrid,
  { inPlane = false } = {},
): Pieces {
  const area = rows * columns;
  const labels = new Int32Array(mask.length);
  // Union-find over provisional labels; a root is the smallest of its set.
  const parents: number[] = [0];
  const rootOf = (label: number) => {
    let root = label;
    while (parents[root]! !== root) root = parents[root] = parents[parents[root]!]!;
    return root;
  };
  const joined = (one: number, other: number) => {
    if (one === 0 || one === other) return other;
    const [a, b] = [rootOf(one), rootOf(other)];
    const root = a < b ? a : b;
    parents[a] = root;
    parents[b] = root;
    return root;
  };
  for (let slice = 0, voxel = 0; slice < slices; slice++) {
    const hasBelow = slice > 0 && !inPlane;
    for (let row = 0; row < rows; row++) {
      let left = 0;
      for (let column = 0; column < columns; column++, voxel++) {
        if (mask[voxel] === 0) {
          left = 0;
          continue;
        }
        const above = row > 0 ? labels[voxel - columns]! : 0;
        const below = hasBelow ? labels[voxel - area]! : 0;
        if (above !== 0) left = joined(left, above);
        if (below !== 0) left = joined(left, below);
        if (left === 0) {
          left = parents.length;
          parents.push(left);
        }
        labels[voxel] = left;
      }
    }
  }
  return numbered(
    labels,
    parents.map((_, label) => rootOf(label)),
  );
}

/** Provisional labels by their roots, numbered without gaps. */
function numbered(labels: Int32Array, roots: readonly number[]): Pieces {
  const numbers = new Int32Array(roots.length);
  const sizes = [0];
  for (let voxel = 0; voxel < labels.length; voxel++) {
    const label = labels[voxel]!;
    if (label === 0) continue;
    const root = roots[label]!;
    if (numbers[root] === 0) numbers[root] = sizes.push(0) - 1;
    const number = numbers[root]!;
    labels[voxel] = number;
    sizes[number]! += 1;
  }
  return { labels, sizes };
}

/** Voxels within radiusPx of the mask in their own slice (a disc). */
export function dilateInPlane(mask: Uint8Array, grid: MaskGrid, radiusPx: number): Uint8Array {
  return nearTo(1, mask, grid, radiusPx, 1);
}

/** Voxels of the mask further than radiusPx from its outside in their own slice; beyond the picture counts as mask. */
export function erodeInPlane(mask: Uint8Array, grid: MaskGrid, radiusPx: number): Uint8Array {
  return nearTo(0, mask, grid, radiusPx, 0);
}

/**
 * `found` where a voxel of `value` lies within the radius in the slice, else the other of 0 and 1. A voxel that is `away`
 * columns from the nearest one of its row reaches so many rows up and down as the disc is high there; how far each column
 * is reached is carried down and then up, one row less each.
 */
function nearTo(
  value: 0 | 1,
  mask: Uint8Array,
  { slices, rows, columns }: MaskGrid,
  radiusPx: number,
  found: 0 | 1,
): Uint8Array {
  const result = new Uint8Array(mask.length).fill(1 - found);
  const limit = radiusPx * radiusPx + 1e-9;
  const never = -1 - rows;
  // Rows reached by how many columns away.
  const reachAt = Int32Array.from({ length: Math.floor(Math.sqrt(limit)) + 2 }, (_, away) =>
    away * away <= limit ? Math.floor(Math.sqrt(limit - away * away)) : never,
  );
  const far = reachAt.length - 1;
  const reach = new Int32Array(rows * columns);
  const carried = new Int32Array(columns);
  for (let slice = 0; slice < slices; slice++) {
    const start = slice * rows * columns;
    const next = mask.indexOf(value, start);
    if (next < 0 || next >= start + rows * columns) continue;
    carried.fill(never);
    for (let row = 0; row < rows; row++) {
      const from = row * columns;
      for (let column = 0, away = far; column < columns; column++) {
        away = mask[start + from + column] === value ? 0 : away < far ? away + 1 : far;
        reach[from + column] = away;
      }
      for (let column = columns - 1, away = far; column >= 0; column--) {
        away = mask[start + from + column] === value ? 0 : away < far ? away + 1 : far;
        const other = reach[from + column]!;
        const own = reachAt[away < other ? away : other]!;
        const before = carried[column]! - 1;
        const most = own > before ? own : before;
        reach[from + column] = own;
        carried[column] = most;
        if (most >= 0) result[start + from + column] = found;
      }
    }
    carried.fill(never);
    for (let row = rows - 1; row >= 0; row--) {
      const from = row * columns;
      for (let column = 0; column < columns; column++) {
        const own = reach[from + column]!;
        const before = carried[column]! - 1;
        const most = own > before ? own : before;
        carried[column] = most;
        if (most >= 0) result[start + from + column] = found;
      }
    }
  }
  return result;
}

/** Fills what the mask encloses within each slice, up to maxVoxels a hole: outside is what can be reached from the border. */
export function fillHolesInPlane(mask: Uint8Array, grid: MaskGrid, maxVoxels = Infinity): Uint8Array {
  const { slices, rows, columns } = grid;
  const background = new Uint8Array(mask.length);
  for (let voxel = 0; voxel < mask.length; voxel++) background[voxel] = mask[voxel] === 0 ? 1 : 0;
  const { labels, sizes } = connectedPieces(background, grid, { inPlane: true });
  const isOpen = Uint8Array.from(sizes, (size) => (size > maxVoxels ? 1 : 0));
  for (let line = 0; line < slices * rows; line++) {
    const [first, last] = [line * columns, (line + 1) * columns - 1];
    const row = line % rows;
    if (row === 0 || row === rows - 1) for (let voxel = first; voxel <= last; voxel++) isOpen[labels[voxel]!] = 1;
    isOpen[labels[first]!] = 1;
    isOpen[labels[last]!] = 1;
  }
  // Label 0 is the mask itself.
  isOpen[0] = 0;
  for (let voxel = 0; voxel < mask.length; voxel++) background[voxel] = 1 - isOpen[labels[voxel]!]!;
  return background;
}
