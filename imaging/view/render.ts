// Looks at a scan from outside by casting parallel rays through it: the densest voxel on each ray, or a shaded surface.
import { greyOf, type HuRange, type HuWindow, huWindows } from "../volume/hu-table.ts";
import { blankPicture, type Colour, drawArea, encodePng } from "./picture.ts";
import { sampleHu } from "./sample.ts";
import type { CtVolume } from "./volume.ts";

const renderedPixelMm = 2.1;
/** Half the way over which a surface's normal is taken. */
const normalMm = 4;

export interface Camera {
  /** Turn around the patient's long axis, degrees: 0 from the front, 90 from the patient's left. */
  readonly azimuthDegrees?: number;
  /** Height of the picture, pixels; default 320. */
  readonly heightPx?: number;
}

/**
 * Maximum intensity projection.
 *
 * @returns a PNG file
 */
export function projectionPng(
  volume: CtVolume,
  { window = huWindows.bone, ...camera }: Camera & { window?: HuWindow } = {},
): Buffer {
  const bright = coarser(volume, (at) => volume.hu[at]!, "most");
  return castRays(bright, camera, (ray) => {
    let most = -Infinity;
    for (let step = 0; step < ray.steps; step++) most = Math.max(most, ray.hu(step));
    return greyOf(most, window);
  });
}

/**
 * The first surface of a range of HU, lit from the viewer's upper left. The lungs show through the chest that they lie
 * in, because voxels outside the range are clear.
 *
 * @param masked 1 where voxels count, same shape as the volume; default everywhere
 * @returns a PNG file
 */
export function surfacePng(
  volume: CtVolume,
  {
    range,
    colour = [236, 224, 200],
    masked,
    ...camera
  }: Camera & { range: HuRange; colour?: Colour; masked?: Uint8Array },
): Buffer {
  // Means of 0 and 100 over coarser pixels make a soft edge, from which a smooth surface and its normals can be read.
  const solid = coarser(volume, (at) => ((!masked || masked[at]) && within(volume.hu[at]!, range) ? 100 : 0), "mean");
  return castRays(solid, camera, (ray) => {
    for (let step = 0; step < ray.steps; step++) {
      if (ray.hu(step) < 50) continue;
      // Halve the last step until the surface is found to a sixteenth of it.
      let [low, high] = [Math.max(0, step - 1), step];
      for (let halving = 0; halving < 4; halving++) {
        const between = (low + high) / 2;
        if (ray.hu(between) >= 50) high = between;
        else low = between;
      }
      const light = 0.25 + 0.75 * Math.max(0, ray.facing(high)) * (1 - 0.25 * (step / ray.steps));
      return [colour[0] * light, colour[1] * light, colour[2] * light];
    }
    return 0;
  });
}

/** The volume on pixels of about 2 mm: rays cost by the pixel, and slices are seldom thinner. */
function coarser(volume: CtVolume, value: (at: number) => number, combine: "mean" | "most"): CtVolume {
  const [z, y, x] = volume.spacingMm;
  const factor = Math.max(1, Math.floor(renderedPixelMm / Math.min(y, x)));
  const rows = Math.floor(volume.rows / factor);
  const columns = Math.floor(volume.columns / factor);
  const hu = new Float32Array(volume.slices * rows * columns).fill(combine === "mean" ? 0 : -Infinity);
  for (let line = 0; line < volume.slices * rows * factor; line++) {
    const slice = Math.floor(line / (rows * factor));
    const row = line % (rows * factor);
    const from = (slice * volume.rows + row) * volume.columns;
    const to = (slice * rows + Math.floor(row / factor)) * columns;
    for (let column = 0; column < columns * factor; column++) {
      const read = value(from + column);
      const at = to + Math.floor(column / factor);
      hu[at] = combine === "mean" ? hu[at]! + read / (factor * factor) : Math.max(hu[at]!, read);
    }
  }
  return { hu, slices: volume.slices, rows, columns, spacingMm: [z, y * factor, x * factor] };
}

function within(hu: number, { low, high }: HuRange): boolean {
  return hu >= low && hu <= high;
}

interface Ray {
  readonly steps: number;
  hu(step: number): number;
  /** Cosine between the surface's normal at a step and the light. */
  facing(step: number): number;
}

function castRays(
  volume: CtVolume,
  { azimuthDegrees = 0, heightPx = 320 }: Camera,
  shade: (ray: Ray) => number | Colour,
): Buffer {
  const { slices, rows, columns, spacingMm } = volume;
  const [highMm, deepMm, wideMm] = [slices * spacingMm[0], rows * spacingMm[1], columns * spacingMm[2]];
  const acrossMm = Math.hypot(deepMm, wideMm);
  const mmPerPx = highMm / heightPx;
  const widthPx = Math.round(acrossMm / mmPerPx);
  const stepMm = Math.min(spacingMm[1], spacingMm[2]);
  const steps = Math.ceil(acrossMm / stepMm);
  const turn = (azimuthDegrees * Math.PI) / 180;
  // Patient axes: x to the left, y to the back. From the front the viewer looks along +y and sees the left at the right.
  const look = [-Math.sin(turn), Math.cos(turn)] as const;
  const right = [Math.cos(turn), Math.sin(turn)] as const;
  const picture = blankPicture(widthPx, heightPx);
  drawArea(picture, { left: 0, top: 0, width: widthPx, height: heightPx }, (px, py) => {
    const slice = (1 - (py + 0.5) / heightPx) * slices - 0.5;
    const aside = (px + 0.5) * mmPerPx - acrossMm / 2;
    const at = (step: number): [row: number, column: number] => {
      const ahead = step * stepMm - acrossMm / 2;
      const x = aside * right[0] + ahead * look[0];
      const y = aside * right[1] + ahead * look[1];
      return [(y + deepMm / 2) / spacingMm[1] - 0.5, (x + wideMm / 2) / spacingMm[2] - 0.5];
    };
    const read = (s: number, r: number, c: number) =>
      r < -0.5 || c < -0.5 || r > rows - 0.5 || c > columns - 0.5 ? -1024 : sampleHu(volume, s, r, c);
    return shade({
      steps,
      hu: (step) => read(slice, ...at(step)),
      facing(step) {
        const [r, c] = at(step);
        const [dz, dy, dx] = spacingMm.map((mm) => normalMm / mm) as [number, number, number];
        const gx = read(slice, r, c + dx) - read(slice, r, c - dx);
        const gy = read(slice, r + dy, c) - read(slice, r - dy, c);
        const gz = read(slice + dz, r, c) - read(slice - dz, r, c);
        const length = Math.hypot(gx, gy, gz) || 1;
        // Light from the viewer's upper left: mostly along the view, some from above and from the side.
        const towards = 0.8 * (gx * look[0] + gy * look[1]) + 0.35 * (gx * right[0] + gy * right[1]) - 0.45 * gz;
        return towards / length;
      },
    });
  });
  return encodePng(picture);
}
