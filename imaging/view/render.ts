// Looks at a scan from outside by casting parallel rays through it: the densest voxel on each ray, or a shaded surface.
import { greyOf, type HuRange, type HuWindow, WINDOWS } from "../hu-table.ts";
import { blankPicture, type Colour, drawArea, encodePng } from "./picture.ts";
import { sampleHu } from "./sample.ts";
import type { CtVolume } from "./volume.ts";

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
  { window = WINDOWS.bone, ...camera }: Camera & { window?: HuWindow } = {},
): Buffer {
  return castRays(volume, camera, (ray) => {
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
  const solid = masked
    ? { ...volume, hu: masked.map((inside, index) => (inside && within(volume.hu[index]!, range) ? 100 : 0)) }
    : {
        ...volume,
        hu: Uint8Array.from({ length: volume.hu.length }, (_, index) => (within(volume.hu[index]!, range) ? 100 : 0)),
      };
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
        const gx = (read(slice, r, c + 1) - read(slice, r, c - 1)) / spacingMm[2];
        const gy = (read(slice, r + 1, c) - read(slice, r - 1, c)) / spacingMm[1];
        const gz = (read(slice + 1, r, c) - read(slice - 1, r, c)) / spacingMm[0];
        const length = Math.hypot(gx, gy, gz) || 1;
        // Light from the viewer's upper left: mostly along the view, some from above and from the side.
        const towards = 0.8 * (gx * look[0] + gy * look[1]) + 0.35 * (gx * right[0] + gy * right[1]) - 0.45 * gz;
        return towards / length;
      },
    });
  });
  return encodePng(picture);
}
