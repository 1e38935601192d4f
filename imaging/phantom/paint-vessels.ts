// Draws the vessel tree into one slice: thin vessels fade in thick slices as partial volume makes them in a scanner.
import type { Anatomy } from "./anatomy.ts";
import type { Canvas, PixelGrid } from "./canvas.ts";
import type { Vessel } from "./vessels.ts";

/** Paints the part of each vessel within thicknessMm around height z (anatomical mm) over lung already painted. */
export function paintVessels(
  vessels: readonly Vessel[],
  z: number,
  thicknessMm: number,
  grid: PixelGrid,
  anatomy: Anatomy,
  canvas: Canvas,
): void {
  const half = Math.max(thicknessMm / 2, grid.pixelMm / 4);
  const cos = Math.cos(anatomy.roll);
  const sin = Math.sin(anatomy.roll);
  const toColumn = (x: number, y: number) =>
    (x * anatomy.scale[0] * cos - y * anatomy.scale[1] * sin - grid.left) / grid.pixelMm;
  const toRow = (x: number, y: number) =>
    (x * anatomy.scale[0] * sin + y * anatomy.scale[1] * cos - grid.top) / grid.pixelMm;
  for (const { from, to, radiusMm } of vessels) {
    const low = Math.min(from[2], to[2]) - radiusMm;
    const high = Math.max(from[2], to[2]) + radiusMm;
    if (high < z - half || low > z + half) continue;
    const rise = to[2] - from[2];
    const clip = (height: number) => (Math.abs(rise) < 1e-6 ? 0 : Math.max(0, Math.min(1, (height - from[2]) / rise)));
    const [start, end] = Math.abs(rise) < 1e-6 ? [0, 1] : [clip(z - half), clip(z + half)];
    const at = (share: number): [number, number] => [
      from[0] + share * (to[0] - from[0]),
      from[1] + share * (to[1] - from[1]),
    ];
    const a = at(start);
    const b = at(end);
    const chord = Math.max(2 * radiusMm, Math.abs(end - start) * Math.abs(rise));
    const filled = Math.min(1, chord / (2 * half));
    const radius = radiusMm / grid.pixelMm;
    stroke(
      canvas,
      grid.size,
      [toColumn(...a), toRow(...a), toColumn(...b), toRow(...b)],
      radius,
      filled,
      anatomy.bloodHu,
    );
  }
}

type Line = readonly [x0: number, y0: number, x1: number, y1: number];

/** Blends a line with round ends into the lung, by the share of each pixel that it covers. */
function stroke(
  canvas: Canvas,
  size: number,
  [x0, y0, x1, y1]: Line,
  radius: number,
  filled: number,
  hu: number,
): void {
  // A vessel thinner than a pixel is drawn one pixel wide and as much fainter.
  const width = Math.max(radius, 0.5);
  const strength = filled * Math.min(1, radius / 0.5);
  const reach = width + 0.5;
  const left = Math.max(0, Math.floor(Math.min(x0, x1) - reach));
  const right = Math.min(size - 1, Math.ceil(Math.max(x0, x1) + reach));
  const top = Math.max(0, Math.floor(Math.min(y0, y1) - reach));
  const bottom = Math.min(size - 1, Math.ceil(Math.max(y0, y1) + reach));
  const dx = x1 - x0;
  const dy = y1 - y0;
  const squared = dx * dx + dy * dy || 1;
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const index = y * size + x;
      if (canvas.lung[index] === 0) continue;
      const share = Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / squared));
      const away = Math.hypot(x - x0 - share * dx, y - y0 - share * dy);
      const covered = Math.max(0, Math.min(1, reach - away)) * strength;
      const wanted = canvas.hu[index]! + covered * (Math.min(hu, 120) - canvas.hu[index]!);
      if (wanted > canvas.hu[index]!) canvas.hu[index] = wanted;
    }
  }
}
