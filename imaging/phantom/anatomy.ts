// Measures of the thorax: the width of each part at each height, and how patients differ.
// Coordinates are millimetres of a standard adult: x to the patient's left, y to the back, z to the head, z = 0 at the
// lung bases. The sizes were measured on published surfaces of an adult male and on CT pictures, then rounded.
import type { Random } from "./random.ts";

/** A patient: everything in which bodies differ, none of it depending on the label. */
export interface Anatomy {
  /** Size relative to the standard adult along x, y, z. */
  readonly scale: readonly [number, number, number];
  readonly female: boolean;
  /** Thickness of the fat under the skin, mm. */
  readonly fatMm: number;
  readonly muscleMm: number;
  /** How high the diaphragm stands: 0 deep inspiration, 1 expiration. */
  readonly expiration: number;
  /** HU of aerated lung at mid height, denser when breathed out. */
  readonly lungHu: number;
  /** Added from front to back, HU: dependent lung is denser. */
  readonly gravityHu: number;
  readonly heartScale: number;
  readonly bloodHu: number;
  readonly bone: number;
  /** Turn of the body on the table, radians. */
  readonly roll: number;
  readonly tortuosity: number;
  readonly armsUp: boolean;
  /** Shift of the noise lattice, so that no two patients share a texture. */
  readonly texture: number;
}

export function drawAnatomy(random: Random): Anatomy {
  const female = random.chance(0.45);
  const size = random.around(female ? 0.94 : 1.03, 0.045);
  const expiration = random.between(0, 1) ** 1.5;
  return {
    scale: [size * random.around(1, 0.04), size * random.around(1.02, 0.06), size * random.around(1, 0.04)],
    female,
    fatMm: random.between(5, female ? 26 : 22),
    muscleMm: random.between(16, female ? 22 : 28),
    expiration,
    lungHu: -885 + 120 * expiration + random.around(0, 22),
    gravityHu: random.between(20, 110),
    heartScale: random.around(1, 0.09),
    bloodHu: random.chance(0.35) ? random.between(110, 240) : random.between(35, 50),
    bone: random.around(1, 0.15),
    roll: random.around(0, 0.06),
    tortuosity: random.between(-1, 1),
    armsUp: random.chance(0.8),
    texture: random.between(0, 1000),
  };
}

/** A curve through points (height z, value): linear between them and flat beyond. */
export type Curve = readonly (readonly [zMm: number, value: number])[];

export function along(curve: Curve, zMm: number): number {
  let before = curve[0]!;
  for (const point of curve) {
    if (zMm < point[0]) {
      const share = Math.max(0, (zMm - before[0]) / (point[0] - before[0] || 1));
      return before[1] + (point[1] - before[1]) * share;
    }
    before = point;
  }
  return before[1];
}

/** The cavity that both lungs share: half width, front and back. */
export const cavityShape = {
  halfWidth: [
    [-60, 112],
    [0, 117],
    [50, 122],
    [100, 121],
    [150, 115],
    [200, 101],
    [222, 86],
    [238, 68],
    [248, 50],
    [254, 20],
  ],
  front: [
    [-60, -88],
    [0, -86],
    [50, -86],
    [100, -80],
    [150, -69],
    [200, -48],
    [225, -24],
    [245, 0],
    [254, 16],
  ],
  back: [
    [-60, 88],
    [0, 92],
    [50, 95],
    [100, 95],
    [150, 89],
    [200, 77],
    [225, 66],
    [245, 50],
    [254, 30],
  ],
} as const satisfies Record<string, Curve>;

/** The middle of the chest between the lungs, without the heart. */
export const mediastinumShape = {
  halfWidth: [
    [0, 26],
    [60, 28],
    [100, 33],
    [150, 35],
    [180, 31],
    [210, 26],
    [240, 22],
    [260, 24],
  ],
  centreY: [
    [0, 34],
    [60, 26],
    [100, 18],
    [150, 12],
    [200, 18],
    [250, 28],
  ],
  halfDepth: [
    [0, 40],
    [60, 45],
    [100, 48],
    [150, 45],
    [200, 42],
    [250, 40],
  ],
} as const satisfies Record<string, Curve>;

/** Shoulders: what the outline gains in width towards the neck, and how thick the body is there. */
export const bodyOutlineShape = {
  shoulder: [
    [80, 0],
    [130, 10],
    [170, 26],
    [200, 46],
    [230, 78],
    [255, 108],
    [290, 90],
  ],
  front: [
    [0, -10],
    [150, -8],
    [200, -14],
    [240, -26],
    [280, -30],
  ],
  back: [
    [0, 12],
    [150, 18],
    [200, 24],
    [240, 34],
    [280, 36],
  ],
} as const satisfies Record<string, Curve>;
