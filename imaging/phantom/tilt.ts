// A slice under a tilted gantry: a plane through the same volume, inclined to the body's axis.
import type { Placement } from "./placement.ts";
import type { SyntheticScan } from "./synthesise-scan.ts";

/** Cuts the volume about the middle row of a slice; between slices and rows it is linear. */
export function tiltSlice(
  { geometry, acquisition }: Pick<SyntheticScan, "geometry" | "acquisition">,
  hu: Int16Array,
  slice: number,
  degrees: number,
): { readonly hu: Int16Array; readonly placement: Placement } {
  const { slices, rows, columns, spacingMm, originMm } = geometry;
  const [cosine, sine] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const middle = (rows - 1) / 2;
  const outside = acquisition.outsideHu;
  const tilted = new Int16Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const y = middle + (row - middle) * cosine;
    const z = Math.max(0, Math.min(slices - 1, slice + ((row - middle) * spacingMm[1] * sine) / spacingMm[0]));
    const [y0, z0] = [Math.floor(y), Math.floor(z)];
    const [y1, z1] = [Math.min(rows - 1, y0 + 1), Math.min(slices - 1, z0 + 1)];
    for (let column = 0; column < columns; column++) {
      const at = (s: number, r: number) => hu[(s * rows + r) * columns + column]!;
      const corners = [at(z0, y0), at(z0, y1), at(z1, y0), at(z1, y1)] as const;
      const low = corners[0] + (corners[1] - corners[0]) * (y - y0);
      const high = corners[2] + (corners[3] - corners[2]) * (y - y0);
      const value = Math.round(low + (high - low) * (z - z0));
      tilted[row * columns + column] = outside !== undefined && corners.includes(outside) ? outside : value;
    }
  }
  const halfMm = middle * spacingMm[1];
  const [x0, y0, z0] = originMm;
  const positionMm = [x0, y0 + halfMm * (1 - cosine), z0 + slice * spacingMm[0] - halfMm * sine] as const;
  return { hu: tilted, placement: { turns: 0, positionMm, orientation: [1, 0, 0, 0, cosine, sine] } };
}
