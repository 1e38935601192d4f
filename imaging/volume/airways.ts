// The windpipe and its branches in a chest CT: gas that must not be counted as lung.
import type { BitMask, MmGrid } from "./bit-mask.ts";
import { connectedPieces, dilateInPlane, erodeInPlane, maskOfPieces, type Pieces } from "./morphology.ts";

/** Tubes of pure gas with their rims: small pieces in their slice, in the body's middle third, with walls of tissue. */
export function airwaysOf(hu: Int16Array, gas: BitMask, grid: MmGrid): BitMask {
  const { spacingMm } = grid;
  const radiusPx = Math.max(1, 2 / spacingMm[1] / 2);
  const solid = dilateInPlane(erodeInPlane(gas, grid, radiusPx), grid, radiusPx);
  const pieces = connectedPieces(solid, grid, { inPlane: true });
  const { runs, numbers, sizes } = pieces;
  const areaMm2 = spacingMm[1] * spacingMm[2];
  const sumColumn = new Float64Array(sizes.length);
  for (let run = 0; run < runs.count; run++) sumColumn[numbers[run]!]! += sumOfColumns(runs.from[run]!, runs.to[run]!);
  const walled = wallShare(hu, pieces, grid);
  const middle = grid.columns / 2;
  const isAirway = sizes.map((size, piece) => {
    if (piece === 0) return false;
    const offCentre = Math.abs(sumColumn[piece]! / size - middle) * spacingMm[2];
    return size * areaMm2 > 40 && size * areaMm2 < 900 && offCentre < 55 && walled[piece]! > 0.5;
  });
  // The tube's rim is brighter by partial volume and belongs to it.
  return dilateInPlane(maskOfPieces(pieces, grid, isAirway), grid, 3 / spacingMm[1]);
}

function sumOfColumns(from: number, to: number): number {
  return ((from + to - 1) * (to - from)) / 2;
}

/** Share of tissue at 4 mm around each piece in its slice: high for the windpipe, low for a bulla within lung. */
function wallShare(hu: Int16Array, { runs, numbers, sizes }: Pieces, grid: MmGrid): Float64Array {
  const { columns } = grid;
  const step = Math.max(1, Math.round(4 / grid.spacingMm[2]));
  const tissue = new Float64Array(sizes.length);
  const beyond = new Float64Array(sizes.length);
  const pieceAt = new Int32Array(hu.length);
  const voxelsOf = (run: number) => {
    const start = runs.lines[run]! * columns;
    return [start + runs.from[run]!, start + runs.to[run]!] as const;
  };
  for (let run = 0; run < runs.count; run++) pieceAt.fill(numbers[run]!, ...voxelsOf(run));
  for (let run = 0; run < runs.count; run++) {
    const piece = numbers[run]!;
    const [from, to] = voxelsOf(run);
    for (const away of [-step, step, -step * columns, step * columns]) {
      for (let other = from + away; other < to + away; other++) {
        if (other < 0 || other >= hu.length || pieceAt[other] === piece) continue;
        beyond[piece]! += 1;
        if (hu[other]! > -500) tissue[piece]! += 1;
      }
    }
  }
  return tissue.map((count, piece) => count / Math.max(1, beyond[piece]!));
}
