// Shapes of binary masks of a slice stack: connected pieces, and closing and opening within slices.

/** Size of a mask of voxels, [slices, rows, columns]. */
export interface MaskGrid {
  readonly slices: number;
  readonly rows: number;
  readonly columns: number;
}

export interface Pieces {
  /** Number of each voxel's piece, 1 upwards in the order found; 0 outside the mask. */
  readonly labels: Int32Array;
  /** Voxels of each piece; index 0 is unused. */
  readonly sizes: readonly number[];
}

/**
 * Connected pieces of a mask, joined over faces (6 neighbours; 4 with `inPlane`). Runs along the whole mask once with
 * a stack of its own, so that no size of piece overflows the call stack.
 */
export function connectedPieces(
  mask: Uint8Array,
  { slices, rows, columns }: MaskGrid,
  { inPlane = false } = {},
): Pieces {
  const area = rows * columns;
  const labels = new Int32Array(mask.length);
  const sizes: number[] = [0];
  const stack = new Int32Array(mask.length);
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || labels[start] !== 0) continue;
    const label = sizes.length;
    let [size, depth] = [0, 0];
    const visit = (voxel: number) => {
      if (mask[voxel] === 0 || labels[voxel] !== 0) return;
      labels[voxel] = label;
      stack[depth] = voxel;
      depth += 1;
    };
    visit(start);
    while (depth > 0) {
      depth -= 1;
      const voxel = stack[depth]!;
      size += 1;
      const inSlice = voxel % area;
      const column = inSlice % columns;
      if (column > 0) visit(voxel - 1);
      if (column < columns - 1) visit(voxel + 1);
      if (inSlice >= columns) visit(voxel - columns);
      if (inSlice < area - columns) visit(voxel + columns);
      if (inPlane) continue;
      if (voxel >= area) visit(voxel - area);
      if (voxel < (slices - 1) * area) visit(voxel + area);
    }
    sizes.push(size);
  }
  return { labels, sizes };
}

/** Voxels within radiusPx of the mask in their own slice (a disc). Two passes of exact distances, any radius at one cost. */
export function dilateInPlane(mask: Uint8Array, grid: MaskGrid, radiusPx: number): Uint8Array {
  return byDistance(mask, grid, radiusPx, 1);
}

/** Voxels of the mask further than radiusPx from its outside in their own slice; beyond the picture counts as mask. */
export function erodeInPlane(mask: Uint8Array, grid: MaskGrid, radiusPx: number): Uint8Array {
  return byDistance(mask, grid, radiusPx, 0).map((near) => 1 - near);
}

/** 1 where a voxel of `value` lies within the radius in the slice, by the squared distance to it (Felzenszwalb 2012). */
function byDistance(mask: Uint8Array, { slices, rows, columns }: MaskGrid, radiusPx: number, value: 0 | 1): Uint8Array {
  const near = new Uint8Array(mask.length);
  const limit = radiusPx * radiusPx + 1e-9;
  const envelope = { rows: new Int32Array(rows), starts: new Float64Array(rows) };
  const away = new Float32Array(rows * columns);
  for (let slice = 0; slice < slices; slice++) {
    const start = slice * rows * columns;
    // Distance along the row to the nearest wanted voxel.
    for (let row = 0; row < rows; row++) {
      let last = -Infinity;
      for (let column = 0; column < columns; column++) {
        if (mask[start + row * columns + column] === value) last = column;
        away[row * columns + column] = column - last;
      }
      last = Infinity;
      for (let column = columns - 1; column >= 0; column--) {
        const at = row * columns + column;
        if (mask[start + at] === value) last = column;
        away[at] = Math.min(away[at]!, last - column);
      }
    }
    for (let column = 0; column < columns; column++) {
      const parabolas = lowerEnvelope(away, rows, columns, column, envelope);
      for (let row = 0, at = 0; row < rows && parabolas > 0; row++) {
        while (at < parabolas - 1 && envelope.starts[at + 1]! <= row) at += 1;
        const across = away[envelope.rows[at]! * columns + column]!;
        if (across * across + (envelope.rows[at]! - row) ** 2 <= limit) near[start + row * columns + column] = 1;
      }
    }
  }
  return near;
}

/** Which row is nearest from where on, along one column: the lower envelope of a parabola for each row. */
function lowerEnvelope(
  away: Float32Array,
  rows: number,
  columns: number,
  column: number,
  envelope: { rows: Int32Array; starts: Float64Array },
): number {
  let held = 0;
  for (let row = 0; row < rows; row++) {
    const across = away[row * columns + column]!;
    if (across === Infinity) continue;
    const height = across * across + row * row;
    let start = -Infinity;
    while (held > 0) {
      const top = envelope.rows[held - 1]!;
      const topAcross = away[top * columns + column]!;
      start = (height - topAcross * topAcross - top * top) / (2 * (row - top));
      if (start > envelope.starts[held - 1]!) break;
      held -= 1;
      start = -Infinity;
    }
    envelope.rows[held] = row;
    envelope.starts[held] = start;
    held += 1;
  }
  return held;
}

/** Fills what the mask encloses within each slice, up to maxVoxels a hole: outside is what can be reached from the border. */
export function fillHolesInPlane(mask: Uint8Array, grid: MaskGrid, maxVoxels = Infinity): Uint8Array {
  const { rows, columns } = grid;
  const area = rows * columns;
  const background = mask.map((inside) => 1 - inside);
  const { labels, sizes } = connectedPieces(background, grid, { inPlane: true });
  const open = Uint8Array.from(sizes, (size) => (size > maxVoxels ? 1 : 0));
  for (let voxel = 0; voxel < mask.length; voxel++) {
    const row = Math.floor((voxel % area) / columns);
    const column = voxel % columns;
    if (row === 0 || column === 0 || row === rows - 1 || column === columns - 1) open[labels[voxel]!] = 1;
  }
  return mask.map((inside, voxel) => (inside || open[labels[voxel]!] === 0 ? 1 : 0));
}
