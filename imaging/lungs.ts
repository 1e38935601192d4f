// Finds the lungs of a chest CT by Hounsfield units and shape, and says whether what it found can be two lungs: a scan
// without lungs must not reach training.
import { connectedPieces, dilateInPlane, erodeInPlane, fillHolesInPlane, type MaskGrid } from "./morphology.ts";

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

export interface LungGrid extends MaskGrid {
  readonly spacingMm: readonly [z: number, y: number, x: number];
}

/** Air, aerated lung and most ground glass lie below this, fat and soft tissue above. */
const AERATED_BELOW_HU = -300;
/** Denser ground glass is taken in where the lung around it reaches this far; fat is never. */
const DENSE_BELOW_HU = -130;
/** Gas without tissue: the windpipe and the bowel. */
const GAS_BELOW_HU = -940;
/** Vessels and consolidation within lung are closed over up to this size, dense ground glass up to the larger one. */
const CLOSING_MM = 11;
const DENSE_CLOSING_MM = 22;
const WORKING_PIXEL_MM = 1.7;
const SMALLEST_PIECE_ML = 12;
/** A collapsed lung may be small; none at all is not a pair. */
const SMALLER_SIDE_SHARE = 0.12;
const LARGEST_HOLE_MM2 = 900;

/**
 * Masks the lungs. Slices may run either way; the patient's sides must lie along the columns (upright picture).
 * Thresholds, takes what air the body encloses in each slice, drops the windpipe and gas, keeps the large pieces and closes them
 * over vessels and patches.
 *
 * @param hu Hounsfield units, [slices, rows, columns]
 */
export function lungMask(hu: Int16Array | Float32Array, grid: LungGrid): LungMask {
  const factor = Math.floor(WORKING_PIXEL_MM / grid.spacingMm[1]);
  if (factor < 2) return findLungs(hu, grid);
  // Lungs are large and shapes cost by the pixel: they are found on coarser pixels.
  const coarse = shrinkInPlane(hu, grid, factor);
  const found = findLungs(coarse.hu, coarse.grid);
  return { ...found, mask: growInPlane(found.mask, coarse.grid, grid, factor) };
}

function findLungs(hu: Int16Array | Float32Array, grid: LungGrid): LungMask {
  const { spacingMm } = grid;
  const voxelMl = (spacingMm[0] * spacingMm[1] * spacingMm[2]) / 1000;
  const body = bodyMask(hu, grid);
  const bodyVoxels = count(body);
  if (bodyVoxels * voxelMl < 500) return refuse(new Uint8Array(hu.length), 0, "NO_BODY");
  const air = below(hu, AERATED_BELOW_HU, body);
  const parenchyma = withoutAirways(hu, air, grid);
  const pieces = connectedPieces(parenchyma, grid);
  const lungs = largePieces(hu, pieces, voxelMl, grid);
  const dense = below(hu, DENSE_BELOW_HU, closing(lungs, grid, DENSE_CLOSING_MM));
  const mask = closing(union(lungs, dense), grid, CLOSING_MM);
  // Closing must neither leave the body nor take back the windpipe.
  for (let voxel = 0; voxel < mask.length; voxel++)
    mask[voxel]! &= body[voxel]! & (1 - (air[voxel]! & (1 - parenchyma[voxel]!)));
  const volumeMl = count(mask) * voxelMl;
  const reason = problemOf(mask, volumeMl, body, grid);
  return reason ? refuse(mask, volumeMl, reason) : { mask, volumeMl, plausible: true };
}

/** Means of factor x factor pixels; an incomplete last row or column joins the one before it. */
function shrinkInPlane(
  hu: Int16Array | Float32Array,
  grid: LungGrid,
  factor: number,
): { hu: Int16Array; grid: LungGrid } {
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

function growInPlane(
  mask: Uint8Array,
  coarse: LungGrid,
  { slices, rows, columns }: LungGrid,
  factor: number,
): Uint8Array {
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

/** Voxels of the mask below a value. */
function below(hu: Int16Array | Float32Array, limit: number, mask: Uint8Array): Uint8Array {
  const found = new Uint8Array(hu.length);
  for (let voxel = 0; voxel < found.length; voxel++) found[voxel] = hu[voxel]! < limit ? mask[voxel]! : 0;
  return found;
}

function union(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length);
  for (let voxel = 0; voxel < both.length; voxel++) both[voxel] = one[voxel]! | other[voxel]!;
  return both;
}

/** Voxels of the pieces that are chosen. */
function maskOf(labels: Int32Array, isChosen: readonly boolean[]): Uint8Array {
  const chosen = Uint8Array.from(isChosen, (one) => (one ? 1 : 0));
  const mask = new Uint8Array(labels.length);
  for (let voxel = 0; voxel < mask.length; voxel++) mask[voxel] = chosen[labels[voxel]!]!;
  return mask;
}

function refuse(mask: Uint8Array, volumeMl: number, reason: LungProblem): LungMask {
  return { mask, volumeMl, plausible: false, reason };
}

/** Takes in what lies between parts of the mask within a slice up to about twice the radius apart, and what it encloses. */
function closing(mask: Uint8Array, grid: LungGrid, radiusMm: number): Uint8Array {
  const radiusPx = radiusMm / ((grid.spacingMm[1] + grid.spacingMm[2]) / 2);
  return fillSmallHoles(erodeInPlane(dilateInPlane(mask, grid, radiusPx), grid, radiusPx), grid);
}

/** Vessels, nodules and patches that lung surrounds are lung; a dome of the diaphragm that it surrounds is larger, and is not. */
function fillSmallHoles(mask: Uint8Array, grid: LungGrid): Uint8Array {
  return fillHolesInPlane(mask, grid, LARGEST_HOLE_MM2 / (grid.spacingMm[1] * grid.spacingMm[2]));
}

/** The patient: the largest piece of tissue (the table is a thinner one), with the air that it encloses in each slice. */
function bodyMask(hu: Int16Array | Float32Array, grid: LungGrid): Uint8Array {
  const tissue = new Uint8Array(hu.length);
  for (let voxel = 0; voxel < tissue.length; voxel++) tissue[voxel] = hu[voxel]! > -500 ? 1 : 0;
  // Parting by 3 mm cuts the table and clothes from the skin.
  const parted = erodeInPlane(tissue, grid, 3 / grid.spacingMm[1]);
  const { labels, sizes } = connectedPieces(parted, grid);
  const largest = sizes.reduce((best, size, label) => (size > (sizes[best] ?? 0) ? label : best), 0);
  if (largest === 0) return new Uint8Array(hu.length);
  const core = maskOf(
    labels,
    sizes.map((_, label) => label === largest),
  );
  const whole = dilateInPlane(core, grid, 3 / grid.spacingMm[1]);
  for (let voxel = 0; voxel < whole.length; voxel++) whole[voxel]! &= tissue[voxel]!;
  return closeAtBorder(fillHolesInPlane(whole, grid), whole, grid);
}

/** Where the field of view cuts the body, fills from the body's extent in each row, so that lungs at a cut side stay inside. */
function closeAtBorder(filled: Uint8Array, body: Uint8Array, { slices, rows, columns }: MaskGrid): Uint8Array {
  for (let line = 0; line < slices * rows; line++) {
    const start = line * columns;
    const touches = body[start] === 1 && body[start + columns - 1] === 1;
    if (touches) filled.fill(1, start, start + columns);
  }
  return filled;
}

/** Air without tubes of pure gas: gas pieces that are small in their slice and lie in the body's middle third. */
function withoutAirways(hu: Int16Array | Float32Array, air: Uint8Array, grid: LungGrid): Uint8Array {
  const { columns, spacingMm } = grid;
  // Grain makes single voxels of lung look like gas, and of gas like lung: the windpipe is gas in the mean.
  const gas = below(hu, GAS_BELOW_HU, air);
  const radiusPx = 2 / spacingMm[1];
  const solid = dilateInPlane(erodeInPlane(gas, grid, Math.max(1, radiusPx / 2)), grid, Math.max(1, radiusPx / 2));
  const { labels, sizes } = connectedPieces(solid, grid, { inPlane: true });
  const areaMm2 = spacingMm[1] * spacingMm[2];
  const sumColumn = new Float64Array(sizes.length);
  const walled = wallShare(hu, labels, sizes.length, grid);
  for (let start = 0; start < labels.length; start += columns)
    for (let column = 0; column < columns; column++) sumColumn[labels[start + column]!]! += column;
  const middle = columns / 2;
  const airway = sizes.map((size, label) => {
    if (label === 0) return false;
    const offCentre = Math.abs(sumColumn[label]! / size - middle) * spacingMm[2];
    return size * areaMm2 > 40 && size * areaMm2 < 900 && offCentre < 55 && walled[label]! > 0.5;
  });
  // The tube's rim is brighter by partial volume; it goes with it.
  const kept = dilateInPlane(maskOf(labels, airway), grid, 3 / spacingMm[1]);
  for (let voxel = 0; voxel < kept.length; voxel++) kept[voxel] = air[voxel]! & (1 - kept[voxel]!);
  return kept;
}

/** Share of what lies 4 mm beyond each piece within its slice that is tissue: a bulla lies in lung, the windpipe does not. */
function wallShare(hu: Int16Array | Float32Array, labels: Int32Array, pieces: number, grid: LungGrid): Float64Array {
  const step = Math.max(1, Math.round(4 / grid.spacingMm[2]));
  const tissue = new Float64Array(pieces);
  const beyond = new Float64Array(pieces);
  for (let voxel = 0; voxel < labels.length; voxel++) {
    const label = labels[voxel]!;
    if (label === 0) continue;
    for (const away of [-step, step, -step * grid.columns, step * grid.columns]) {
      const other = voxel + away;
      if (other < 0 || other >= labels.length || labels[other] === label) continue;
      beyond[label]! += 1;
      if (hu[other]! > -500) tissue[label]! += 1;
    }
  }
  return tissue.map((count, label) => count / Math.max(1, beyond[label]!));
}

/** Pieces large enough to be lung whose mean is lung and not gas (a gut full of gas is darker than any lung). */
function largePieces(
  hu: Int16Array | Float32Array,
  { labels, sizes }: ReturnType<typeof connectedPieces>,
  voxelMl: number,
  grid: LungGrid,
): Uint8Array {
  const sums = new Float64Array(sizes.length);
  for (let voxel = 0; voxel < labels.length; voxel++) {
    const label = labels[voxel]!;
    if (label > 0) sums[label]! += Math.max(-1024, hu[voxel]!);
  }
  const smallest = Math.max(SMALLEST_PIECE_ML, sizes.reduce((most, size) => Math.max(most, size), 0) * voxelMl * 0.02);
  const kept = sizes.map((size, label) => label > 0 && size * voxelMl > smallest && sums[label]! / size > -945);
  return fillSmallHoles(maskOf(labels, kept), grid);
}

/** Adults hold 1.2 to 9 l of lung in two sides; children and partial scans less: the limits are wide on purpose. */
function problemOf(
  mask: Uint8Array,
  volumeMl: number,
  body: Uint8Array,
  { columns }: MaskGrid,
): LungProblem | undefined {
  const share = count(mask) / count(body);
  if (volumeMl === 0) return "NO_LUNGS";
  if (volumeMl < 500) return "TOO_SMALL";
  if (volumeMl > 11_000) return "TOO_LARGE";
  if (share < 0.06 || share > 0.75) return "SHARE_OF_BODY";
  // Sides of the body, not of the mask: one lung alone has a middle of its own.
  const middle = meanColumn(body, columns);
  const perColumn = columnCounts(mask, columns);
  const left = perColumn.reduce((sum, voxels, column) => sum + (column > middle ? voxels : 0), 0);
  const smaller = Math.min(left, count(mask) - left) / count(mask);
  return smaller < SMALLER_SIDE_SHARE ? "ONE_SIDE_ONLY" : undefined;
}

function meanColumn(mask: Uint8Array, columns: number): number {
  const sum = columnCounts(mask, columns).reduce((total, voxels, column) => total + voxels * column, 0);
  return sum / Math.max(1, count(mask));
}

function columnCounts(mask: Uint8Array, columns: number): Float64Array {
  const counts = new Float64Array(columns);
  for (let start = 0; start < mask.length; start += columns)
    for (let column = 0; column < columns; column++) counts[column]! += mask[start + column]!;
  return counts;
}

function count(mask: Uint8Array): number {
  let sum = 0;
  for (let voxel = 0; voxel < mask.length; voxel++) sum += mask[voxel]!;
  return sum;
}
