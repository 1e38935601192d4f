// One axial cut through a patient as shapes: where the skin, the lungs, the heart and the bones lie at one height.
import { type Anatomy, along, bodyOutlineShape, cavityShape, mediastinumShape } from "./anatomy.ts";

const angleCount = 512;

/** A shape around a centre given by its radius in every direction. */
export interface Round {
  readonly centreX: number;
  readonly centreY: number;
  readonly radii: Float32Array;
}

/** A disc or an ellipse with its axes along x and y, mm. */
export interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly halfX: number;
  readonly halfY: number;
}

export interface Section {
  readonly z: number;
  readonly body: Round;
  readonly cavity: Round;
  readonly mediastinum: Ellipse;
  readonly heart: Ellipse | undefined;
  readonly spine: Ellipse;
  readonly domes: readonly [right: Dome, left: Dome];
  /** Where the cavity ends in front, y in mm. */
  readonly frontMm: number;
}

/** One half of the diaphragm: a paraboloid with its top at (x, y, top). */
export interface Dome {
  readonly x: number;
  readonly y: number;
  readonly top: number;
  readonly halfX: number;
  readonly halfY: number;
  readonly fall: number;
}

/** Index of the tabulated direction of (dx, dy), without trigonometry: the angle on a diamond. */
export function direction(dx: number, dy: number): number {
  const sum = Math.abs(dx) + Math.abs(dy);
  if (sum === 0) return 0;
  const part = dy / sum;
  const turn = dx < 0 ? 2 - part : dy < 0 ? 4 + part : part;
  return Math.min(angleCount - 1, (turn * (angleCount / 4)) | 0);
}

/** Signed distance to a round shape along its radius, mm: negative inside. */
export function roundDistance(shape: Round, x: number, y: number): number {
  const dx = x - shape.centreX;
  const dy = y - shape.centreY;
  return Math.sqrt(dx * dx + dy * dy) - shape.radii[direction(dx, dy)]!;
}

/** Signed distance to an ellipse, to first order, mm: negative inside. */
export function ellipseDistance(shape: Ellipse, x: number, y: number): number {
  const u = (x - shape.x) / shape.halfX;
  const v = (y - shape.y) / shape.halfY;
  const q = Math.sqrt(u * u + v * v);
  return (q - 1) * Math.min(shape.halfX, shape.halfY);
}

/** How far above the diaphragm a point lies, mm, measured across the dome: negative in the lung above it. */
export function diaphragmDistance(section: Section, x: number, y: number): number {
  const dome = section.domes[x < 4 ? 0 : 1];
  const u = (x - dome.x) / dome.halfX;
  const v = (y - dome.y) / dome.halfY;
  const height = dome.top - dome.fall * (u * u + v * v) ** 0.85;
  return (height - section.z) * 0.6;
}

/** Signed distance to the lungs, mm, to first order: negative inside. Fissures and vessels count as lung. */
export function lungDistance(section: Section, x: number, y: number): number {
  let outside = roundDistance(section.cavity, x, y) + 1.5;
  if (outside > 12) return outside;
  outside = Math.max(outside, -ellipseDistance(section.mediastinum, x, y));
  outside = Math.max(outside, -ellipseDistance(section.spine, x, y));
  if (section.heart) outside = Math.max(outside, -ellipseDistance(section.heart, x, y));
  // The lungs part in a wedge behind the sternum and nearly touch further back.
  const behind = y - section.frontMm;
  outside = Math.max(outside, 2 + Math.max(0, 22 - behind) * 0.9 - Math.abs(x - 4));
  return Math.max(outside, diaphragmDistance(section, x, y));
}

/** Cuts the patient at height z (mm above the lung bases of the standard adult). */
export function cutSection(anatomy: Anatomy, z: number): Section {
  const front = along(cavityShape.front, z);
  const back = along(cavityShape.back, z);
  const cavityY = (front + back) / 2;
  const cavityHalf: [number, number] = [along(cavityShape.halfWidth, z), (back - front) / 2];
  const cavity = {
    centreX: 2,
    centreY: cavityY,
    radii: superellipse(cavityHalf[0], cavityHalf[1], z > 200 ? 2.1 : 2.35),
  };
  const heartZ = 78 - 8 * anatomy.expiration;
  const heartReach = 1 - ((z - heartZ) / 66) ** 2;
  const swell = heartReach > 0.03 ? Math.sqrt(heartReach) * anatomy.heartScale : 0;
  const rise = 34 * anatomy.expiration;
  return {
    z,
    body: bodyOutline(anatomy, z, front, back),
    cavity,
    mediastinum: {
      x: 3 + 3 * anatomy.tortuosity,
      y: along(mediastinumShape.centreY, z),
      halfX: along(mediastinumShape.halfWidth, z),
      halfY: along(mediastinumShape.halfDepth, z),
    },
    heart: swell > 0 ? { x: 20, y: -26 + 6 * (1 - swell), halfX: 61 * swell, halfY: 48 * swell } : undefined,
    spine: { x: 0, y: 96, halfX: 33, halfY: 50 },
    domes: [
      { x: -58, y: -12, top: 84 + rise, halfX: 66, halfY: 92, fall: 92 },
      { x: 64, y: -16, top: 70 + rise, halfX: 64, halfY: 90, fall: 84 },
    ],
    frontMm: front,
  };
}

/** Skin: the cavity, its wall of muscle and fat, the shoulders above, the breasts of women in front. */
function bodyOutline(anatomy: Anatomy, z: number, cavityFront: number, cavityBack: number): Round {
  const wall = anatomy.muscleMm + anatomy.fatMm;
  const shoulder = along(bodyOutlineShape.shoulder, z) * (anatomy.armsUp ? 1 : 1.12);
  const halfX = Math.max(along(cavityShape.halfWidth, z), 100 - Math.max(0, z - 200) * 0.4) + wall + shoulder;
  const front =
    Math.min(cavityFront, -30 + Math.max(0, z - 200) * 0.1) + along(bodyOutlineShape.front, z) - wall * 0.62;
  const back = Math.max(cavityBack, 74) + along(bodyOutlineShape.back, z) + anatomy.fatMm * 0.7 + 4;
  const centreY = (front + back) / 2;
  const radii = superellipse(halfX, (back - front) / 2, 2.45 - Math.min(0.45, shoulder / 160));
  if (anatomy.female) {
    const breast = Math.exp(-(((z - 95) / 42) ** 2)) * (8 + 1.1 * anatomy.fatMm);
    addBump(radii, -2.05, 0.36, breast);
    addBump(radii, -1.09, 0.36, breast);
  }
  // The back is flattened by the table, and dips over the spine.
  addBump(radii, Math.PI / 2, 0.2, -5);
  return { centreX: 0, centreY, radii };
}

function addBump(radii: Float32Array, angle: number, width: number, heightMm: number): void {
  for (let index = 0; index < angleCount; index++) {
    let away = Math.abs(trueAngles[index]! - angle);
    if (away > Math.PI) away = 2 * Math.PI - away;
    radii[index]! += heightMm * Math.exp(-((away / width) ** 2));
  }
}

/** Radii of |x/a|^n + |y/b|^n = 1 in every tabulated direction. */
function superellipse(halfX: number, halfY: number, power: number): Float32Array {
  const radii = new Float32Array(angleCount);
  for (let index = 0; index < angleCount; index++) {
    const u = Math.abs(cosines[index]! / halfX) ** power;
    const v = Math.abs(sines[index]! / halfY) ** power;
    radii[index] = (u + v) ** (-1 / power);
  }
  return radii;
}

/** True angle of each tabulated direction, radians in (-pi, pi]; y points to the back. */
export const trueAngles = Float32Array.from({ length: angleCount }, (_, index) => {
  const turn = ((index + 0.5) * 4) / angleCount;
  const dx = turn < 2 ? 1 - turn : turn - 3;
  const dy = turn < 1 ? turn : turn < 3 ? 2 - turn : turn - 4;
  return Math.atan2(dy, dx);
});
const cosines = trueAngles.map(Math.cos);
const sines = trueAngles.map(Math.sin);
