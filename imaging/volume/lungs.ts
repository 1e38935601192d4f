// Finds the lungs of a chest CT by Hounsfield units and shape, and checks that the result can be two lungs: a scan
// without lungs must not reach training.
import { airwaysOf } from "./airways.ts";
import {
  type BitMask,
  both,
  bytesOf,
  countOf,
  either,
  emptyMask,
  inverse,
  type MaskGrid,
  type MmGrid,
  maskBelow,
  type Runs,
  runsOf,
  setRun,
  without,
  wordsPerRow,
} from "./bit-mask.ts";
import {
  connectedPieces,
  dilateInPlane,
  erodeInPlane,
  fillHolesInPlane,
  maskOfPieces,
  type Pieces,
} from "./morphology.ts";

/** Why a mask cannot be a pair of lungs. */
export type LungProblem = "NO_BODY" | "NO_LUNGS" | "TOO_SMALL" | "TOO_LARGE" | "ONE_SIDE_ONLY" | "SHARE_OF_BODY";

export interface LungMask {
  /** 1 in the lungs with their vessels and patches of disease, else 0; [slices, rows, columns]. */
  readonly mask: Uint8Array;
  readonly volumeMl: number;
  readonly plausible: boolean;
  /** Set when not plausible. */
  readonly reason?: LungProblem;
}

/** Air, aerated lung and most ground glass lie below this, fat and soft tissue above. */
const aeratedBelowHu = -300;
/** Above -500. */
const tissueFromHu = -499;
/** Denser ground glass counts as lung if lung surrounds it; fat never does. */
const denseBelowHu = -130;
/** Gas without tissue: the windpipe and the bowel. */
const gasBelowHu = -940;
/** Vessels and consolidation within lung up to this size count as lung, dense ground glass up to the larger one. */
const closingMm = 11;
const denseClosingMm = 22;
const workingPixelMm = 1.7;
const smallestPieceMl = 12;
/** A collapsed lung may be small, but not absent. */
const smallerSideShare = 0.12;
const largestHoleMm2 = 900;

/**
 * Masks the lungs. Slices may run either way; the patient's sides must lie along the columns (upright picture).
 * Thresholds, takes the air that the body encloses in each slice, drops the windpipe and gas, keeps the large pieces and closes
 * them over vessels and patches.
 *
 * @param hu Hounsfield units, [slices, rows, columns]
 */
export function lungMask(hu: Int16Array, grid: MmGrid): LungMask {
  const factor = Math.floor(workingPixelMm / grid.spacingMm[1]);
  if (factor < 2) return findLungs(hu, grid);
  // Lungs are large, and the time grows with the pixels: coarser ones are enough.
  const coarse = shrinkInPlane(hu, grid, factor);
  const found = findLungs(coarse.hu, coarse.grid);
  return { ...found, mask: growInPlane(found.mask, coarse.grid, grid, factor) };
}

function findLungs(hu: Int16Array, grid: MmGrid): LungMask {
  const { spacingMm } = grid;
  const voxelMl = (spacingMm[0] * spacingMm[1] * spacingMm[2]) / 1000;
  const tissue = inverse(maskBelow(hu, tissueFromHu, grid), grid);
  const body = bodyMask(tissue, grid);
  if (countOf(body) * voxelMl < 500) return { ...noLungs, mask: new Uint8Array(hu.length), reason: "NO_BODY" };
  const air = both(maskBelow(hu, aeratedBelowHu, grid), body);
  // By noise single voxels of lung look like gas, and the other way round: the windpipe is gas in the mean.
  const gas = both(maskBelow(hu, gasBelowHu, grid), air);
  const airways = both(air, airwaysOf(hu, gas, grid));
  const lungs = largePieces(hu, connectedPieces(without(air, airways), grid), voxelMl, grid);
  const dense = both(maskBelow(hu, denseBelowHu, grid), closing(lungs, grid, denseClosingMm));
  const closed = closing(either(lungs, dense), grid, closingMm);
  // Closing must not reach beyond the body or into the windpipe.
  const mask = without(both(closed, body), airways);
  const volumeMl = countOf(mask) * voxelMl;
  const reason = problemOf(mask, volumeMl, body, grid);
  return { mask: bytesOf(mask, grid), volumeMl, plausible: reason === undefined, ...(reason && { reason }) };
}

const noLungs = { volumeMl: 0, plausible: false } as const;

/** Means of factor x factor pixels; an incomplete last row or column joins the one before it. */
function shrinkInPlane(hu: Int16Array, grid: MmGrid, factor: number): { hu: Int16Array; grid: MmGrid } {
  const rows = Math.floor(grid.rows / factor);
  const columns = Math.floor(grid.columns / factor);
  const shrunk = new Int16Array(grid.slices * rows * columns);
  for (let line = 0; line < grid.slices * rows; line++) {
    const top = Math.floor(line / rows) * grid.rows + (line % rows) * factor;
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let r = 0; r < factor; r++) {
        const start = (top + r) * grid.columns + column * factor;
        for (let c = 0; c < factor; c++) sum += hu[start + c]!;
      }
      shrunk[line * columns + column] = Math.round(sum / (factor * factor));
    }
  }
  const [z, y, x] = grid.spacingMm;
  return { hu: shrunk, grid: { slices: grid.slices, rows, columns, spacingMm: [z, y * factor, x * factor] } };
}

function growInPlane(mask: Uint8Array, coarse: MmGrid, { slices, rows, columns }: MmGrid, factor: number): Uint8Array {
  const grown = new Uint8Array(slices * rows * columns);
  for (let line = 0; line < slices * rows; line++) {
    const row = Math.min(coarse.rows - 1, Math.floor((line % rows) / factor));
    const from = (Math.floor(line / rows) * coarse.rows + row) * coarse.columns;
    for (let column = 0; column < columns; column++) {
      grown[line * columns + column] = mask[from + Math.min(coarse.columns - 1, Math.floor(column / factor))]!;
    }
  }
  return grown;
}

/** Fills gaps of up to about twice the radius within a slice, and small holes. */
function closing(mask: BitMask, grid: MmGrid, radiusMm: number): BitMask {
  const radiusPx = radiusMm / ((grid.spacingMm[1] + grid.spacingMm[2]) / 2);
  return fillSmallHoles(erodeInPlane(dilateInPlane(mask, grid, radiusPx), grid, radiusPx), grid);
}

/** Vessels, nodules and patches that lung surrounds are lung; a dome of the diaphragm is larger, and is not. */
function fillSmallHoles(mask: BitMask, grid: MmGrid): BitMask {
  return fillHolesInPlane(mask, grid, largestHoleMm2 / (grid.spacingMm[1] * grid.spacingMm[2]));
}

/** Parts of a chest wall that is thin between them; a table's dense parts are smaller. */
const smallestCoreShare = 0.15;
const stepsAlongWall = 4;

/**
 * The patient with the air that the body encloses in each slice. A table, a blanket or clothes may touch the skin and
 * enclose air as well: only air between parts of the patient's own thick tissue counts.
 */
function bodyMask(tissue: BitMask, grid: MmGrid): BitMask {
  // Shells of tables, blankets and clothes are thinner than twice this.
  const partingPx = Math.max(1, 3 / grid.spacingMm[1]);
  const thick = largestPieces(erodeInPlane(tissue, grid, partingPx), grid, smallestCoreShare);
  if (countOf(thick) === 0) return thick;
  // Erosion removed thin walls: they are restored from the thicker parts on.
  let body = thick;
  for (let step = 0; step < stepsAlongWall; step++) body = both(dilateInPlane(body, grid, partingPx), tissue);
  // The wall of a thin chest may be thinner than a shell, and still encloses the lungs.
  const whole = largestPieces(tissue, grid, 1);
  return both(closeAtBorder(fillHolesInPlane(whole, grid), whole, grid), between(body, grid));
}

/** Pieces that have at least this share of the largest one's voxels. */
function largestPieces(mask: BitMask, grid: MaskGrid, share: number): BitMask {
  const pieces = connectedPieces(mask, grid);
  const largest = pieces.sizes.reduce((most, size) => Math.max(most, size), 0);
  const isChosen = pieces.sizes.map((size, piece) => piece > 0 && size >= share * largest);
  return maskOfPieces(pieces, grid, isChosen);
}

/** Voxels that have the mask on at least three of their four sides within the slice, and those of the mask itself. */
function between(mask: BitMask, grid: MaskGrid): BitMask {
  const words = wordsPerRow(grid);
  const sliceWords = grid.rows * words;
  const inside = emptyMask(grid);
  const [rowOf, front, back] = [new Uint32Array(words), new Uint32Array(sliceWords), new Uint32Array(sliceWords)];
  for (let slice = 0; slice < grid.slices; slice++) {
    const start = slice * sliceWords;
    for (let at = 0; at < sliceWords; at++) front[at] = mask[start + at]! | (at < words ? 0 : front[at - words]!);
    for (let at = sliceWords - 1; at >= 0; at--)
      back[at] = mask[start + at]! | (at + words < sliceWords ? back[at + words]! : 0);
    for (let row = 0; row < grid.rows; row++) {
      const line = start + row * words;
      for (let word = 0, seen = 0; word < words; word++) {
        // All columns from the first one of the mask on.
        const bits = mask[line + word]!;
        rowOf[word] = seen | -(bits & -bits);
        seen |= bits === 0 ? 0 : -1;
      }
      for (let word = words - 1, seen = 0; word >= 0; word--) {
        const bits = mask[line + word]!;
        const left = rowOf[word]!;
        const right = seen | (bits === 0 ? 0 : -1 >>> Math.clz32(bits));
        seen |= bits === 0 ? 0 : -1;
        const [before, behind] = [front[row * words + word]!, back[row * words + word]!];
        inside[line + word] = (left & right & (before | behind)) | (before & behind & (left | right));
      }
    }
  }
  return inside;
}

/** Fills the rows that the field of view cuts on both sides, so that lungs at a cut side stay inside. */
function closeAtBorder(filled: BitMask, body: BitMask, grid: MaskGrid): BitMask {
  const closed = filled.slice();
  const words = wordsPerRow(grid);
  const [lastWord, lastBit] = [(grid.columns - 1) >>> 5, (grid.columns - 1) & 31];
  for (let line = 0; line < grid.slices * grid.rows; line++) {
    const first = body[line * words]! & 1;
    const last = (body[line * words + lastWord]! >>> lastBit) & 1;
    if (first & last) setRun(closed, grid, line, 0, grid.columns);
  }
  return closed;
}

/** Smaller pieces, as share of the largest one, are lung only at the height of the large ones between front and back. */
const mainPieceShare = 0.2;

/**
 * Pieces large enough to be lung whose mean is lung and not gas (a gut full of gas is darker than any lung). Foam in a table
 * that the skin touches is as dark as lung, and lies behind all of it.
 */
function largePieces(hu: Int16Array, pieces: Pieces, voxelMl: number, grid: MmGrid): BitMask {
  const { runs, numbers, sizes } = pieces;
  const sums = new Float64Array(sizes.length);
  const rowSums = new Float64Array(sizes.length);
  for (let run = 0; run < runs.count; run++) {
    const start = runs.lines[run]! * grid.columns;
    let sum = 0;
    for (let voxel = start + runs.from[run]!; voxel < start + runs.to[run]!; voxel++)
      sum += Math.max(-1024, hu[voxel]!);
    sums[numbers[run]!]! += sum;
    rowSums[numbers[run]!]! += (runs.lines[run]! % grid.rows) * (runs.to[run]! - runs.from[run]!);
  }
  const smallest = Math.max(smallestPieceMl, sizes.reduce((most, size) => Math.max(most, size), 0) * voxelMl * 0.02);
  const isAerated = sizes.map((size, piece) => piece > 0 && size * voxelMl > smallest && sums[piece]! / size > -945);
  const largest = sizes.reduce((most, size, piece) => (isAerated[piece] ? Math.max(most, size) : most), 0);
  const isMain = sizes.map((size, piece) => isAerated[piece]! && size >= mainPieceShare * largest);
  let [front, back] = [grid.rows, 0];
  for (let run = 0; run < runs.count; run++) {
    if (!isMain[numbers[run]!]) continue;
    const row = runs.lines[run]! % grid.rows;
    [front, back] = [Math.min(front, row), Math.max(back, row)];
  }
  const isLung = sizes.map((size, piece) => {
    const middle = rowSums[piece]! / size;
    return isAerated[piece]! && middle >= front && middle <= back;
  });
  return fillSmallHoles(maskOfPieces(pieces, grid, isLung), grid);
}

/** Adults hold 1.2 to 9 l of lung in two sides; children and partial scans less: the limits are wide. */
function problemOf(mask: BitMask, volumeMl: number, body: BitMask, grid: MaskGrid): LungProblem | undefined {
  const share = countOf(mask) / countOf(body);
  if (volumeMl === 0) return "NO_LUNGS";
  if (volumeMl < 500) return "TOO_SMALL";
  if (volumeMl > 11_000) return "TOO_LARGE";
  if (share < 0.06 || share > 0.75) return "SHARE_OF_BODY";
  // Sides of the body, not of the mask, which may hold one lung alone.
  const ofBody = columnCounts(runsOf(body, grid), grid);
  const middle = ofBody.reduce((total, voxels, column) => total + voxels * column, 0) / Math.max(1, countOf(body));
  const ofMask = columnCounts(runsOf(mask, grid), grid);
  const left = ofMask.reduce((sum, voxels, column) => sum + (column > middle ? voxels : 0), 0);
  const smaller = Math.min(left, countOf(mask) - left) / countOf(mask);
  return smaller < smallerSideShare ? "ONE_SIDE_ONLY" : undefined;
}

function columnCounts({ count, from, to }: Runs, { columns }: MaskGrid): Float64Array {
  const begun = new Float64Array(columns + 1);
  for (let run = 0; run < count; run++) {
    begun[from[run]!]! += 1;
    begun[to[run]!]! -= 1;
  }
  let open = 0;
  return begun.subarray(0, columns).map((change) => (open += change));
}
