// Paints one axial cut of a patient into Hounsfield units: table, skin, fat, muscle, bones, middle, lungs, findings.
import type { Anatomy } from "./anatomy.ts";
import type { Canvas, PixelGrid } from "./canvas.ts";
import { type Findings, patchWeight } from "./findings.ts";
import { cloud } from "./noise.ts";
import { paintVessels } from "./paint-vessels.ts";
import {
  cutSection,
  diaphragmDistance,
  direction,
  ellipseDistance,
  lungDistance,
  type Section,
  trueAngles,
} from "./section.ts";
import type { Vessel } from "./vessels.ts";

const airHu = -1000;
const ribSpacingMm = 26;

export interface Patient {
  readonly anatomy: Anatomy;
  readonly findings: Findings;
  readonly vessels: readonly Vessel[];
  /** Gas in the stomach, mm radius (0: none). */
  readonly stomachGasMm: number;
}

/**
 * Paints the cut at height z, averaging vessels over the slice's thickness.
 */
export function paintSection(
  patient: Patient,
  zMm: number,
  thicknessMm: number,
  grid: PixelGrid,
  edgeMm: number,
  canvas: Canvas,
): void {
  const { anatomy } = patient;
  const [scaleX, scaleY, scaleZ] = anatomy.scale;
  const z = zMm / scaleZ;
  const section = cutSection(anatomy, z);
  const tissue = tissueOf(patient, section);
  const edge = Math.max(edgeMm, grid.pixelMm);
  const cos = Math.cos(anatomy.roll);
  const sin = Math.sin(anatomy.roll);
  const backMm = (section.body.centreY + section.body.radii[direction(0, 1)]!) * scaleY;
  for (let row = 0; row < grid.size; row++) {
    for (let column = 0; column < grid.size; column++) {
      const px = grid.left + column * grid.pixelMm;
      const py = grid.top + row * grid.pixelMm;
      const x = (px * cos + py * sin) / scaleX;
      const y = (py * cos - px * sin) / scaleY;
      const index = row * grid.size + column;
      const dx = x - section.body.centreX;
      const dy = y - section.body.centreY;
      const skin = Math.sqrt(dx * dx + dy * dy) - section.body.radii[direction(dx, dy)]!;
      canvas.lung[index] = 0;
      canvas.lesion[index] = 0;
      if (skin > edge) {
        canvas.hu[index] = tableHu(px, py, backMm);
        continue;
      }
      const lung = lungDistance(section, x, y);
      let hu: number;
      if (lung < -edge / 2) hu = lungHu(patient, x, y, z, lung);
      else {
        hu = tissue(x, y, skin);
        if (lung < edge / 2) hu += (0.5 - lung / edge) * (lungHu(patient, x, y, z, lung) - hu);
      }
      if (skin > -edge / 2) hu = hu + Math.min(1, (skin + edge / 2) / edge) * (airHu - hu);
      canvas.hu[index] = hu;
      if (lung < 0) canvas.lung[index] = 1;
    }
  }
  paintVessels(patient.vessels, z, thicknessMm / scaleZ, grid, anatomy, canvas);
  paintFindings(patient, section, grid, canvas);
}

/** A curved couch: two shells with foam between, below the patient's back. */
function tableHu(px: number, py: number, backMm: number): number {
  const depth = py - backMm + (px * px) / 900 - 12;
  if (Math.abs(px) > 215 || depth < 0 || depth > 34) return airHu;
  return depth < 2.5 || depth > 31 ? -250 : -940;
}

function lungHu({ anatomy, findings }: Patient, x: number, y: number, z: number, lung: number): number {
  const dependent = y / 90;
  let hu = anatomy.lungHu + anatomy.gravityHu * dependent * 0.5;
  // Secondary lobules: a fine mottle, and slower differences of ventilation.
  hu += 26 * cloud(x / 5 + anatomy.texture, y / 5, z / 6) + 22 * cloud(x / 30, y / 30 + anatomy.texture, z / 30);
  if (findings.atelectasisMm > 0 && y > 30 && lung > -findings.atelectasisMm) {
    hu += 260 * Math.min(1, (y - 30) / 35) * (1 + lung / findings.atelectasisMm);
  }
  // Fissures: two thin oblique sheets and the horizontal one of the right lung.
  const oblique = Math.abs(y - 62 + 0.62 * (z - 10) - (x < 0 ? 8 : 0)) * 0.85;
  if (oblique < 1) hu += 70 * (1 - oblique);
  return hu;
}

/** Ribs around the cavity in every direction: 0 none, 1 cortex, 2 marrow, 3 cartilage. */
function ribTable(z: number): Uint8Array {
  const ribs = new Uint8Array(trueAngles.length);
  for (let index = 0; index < ribs.length; index++) {
    let fromBack = Math.abs(trueAngles[index]! - Math.PI / 2);
    if (fromBack > Math.PI) fromBack = 2 * Math.PI - fromBack;
    const phase = (z + 95 * (fromBack / Math.PI) ** 1.1 + 400) / ribSpacingMm;
    const away = Math.abs(phase - Math.floor(phase) - 0.5) * ribSpacingMm;
    if (away > 6 || fromBack < 0.2 || z > 238) continue;
    ribs[index] = fromBack > 0.8 * Math.PI ? 3 : away > 4 ? 1 : 2;
  }
  return ribs;
}

/** Everything in the body that is not lung, as a function of the place: HU. */
function tissueOf(
  { anatomy, stomachGasMm }: Patient,
  section: Section,
): (x: number, y: number, skin: number) => number {
  const { z } = section;
  const ribs = ribTable(z);
  const bone = anatomy.bone;
  const blood = anatomy.bloodHu;
  const vertebral = (((z + 7) % 27) + 27) % 27;
  const isDisc = vertebral < 4;
  const isArch = vertebral > 9 && vertebral < 22;
  return (x, y, skin) => {
    if (skin > -2) return 20;
    const dx = x - section.cavity.centreX;
    const dy = y - section.cavity.centreY;
    const angle = direction(dx, dy);
    const wall = Math.sqrt(dx * dx + dy * dy) - section.cavity.radii[angle]!;
    const spine = spineHu(x, y, bone, isDisc, isArch);
    if (spine !== undefined) return spine;
    if (wall < 1)
      return wall > -3 && diaphragmDistance(section, x, y) < 0 ? 30 : middleHu(section, x, y, blood, stomachGasMm);
    if (wall > 3.5 && wall < 12) {
      const rib = ribs[angle]!;
      if (rib === 3) return 110;
      if (rib === 2 && wall > 5 && wall < 10.5) return 260 * bone;
      if (rib > 0) return 720 * bone;
    }
    const girdle = girdleHu(x, y, z, section, bone);
    if (girdle !== undefined) return girdle;
    if (-skin < anatomy.fatMm) return -102 + 12 * cloud(x / 9, y / 9, z / 9);
    // Muscle in sheets around the chest, with planes of fat between them.
    const depth = (wall + 9 * cloud(x / 34 + anatomy.texture, y / 34, z / 50) + 60) / 15;
    return depth - Math.floor(depth) < 0.17 && wall > 13 && wall < 46 ? -75 : 52;
  };
}

function spineHu(x: number, y: number, bone: number, isDisc: boolean, isArch: boolean): number | undefined {
  if (y < 38 || y > 122 || Math.abs(x) > 36) return undefined;
  const bodyOf = Math.hypot(x / 18.5, (y - 58) / 16);
  if (bodyOf < 1) return isDisc ? 85 : bodyOf > 0.87 ? 620 * bone : 190 * bone + 60 * cloud(x / 3, y / 3, 0.5);
  const canal = Math.hypot(x / 10, (y - 82) / 8.5);
  if (canal < 1) return canal < 0.6 ? 40 : 12;
  if (canal < 1.45 && (isArch || y < 80)) return canal > 1.3 || canal < 1.12 ? 650 * bone : 320 * bone;
  if (isArch && Math.abs(y - 84 - Math.abs(x) * 0.3) < 4.5 && Math.abs(x) < 34) return 480 * bone;
  if (Math.abs(x) < 3.4 && y > 90 && y < 118) return Math.abs(x) > 2 || y > 115 ? 560 * bone : 280 * bone;
  return undefined;
}

/** Heart, great vessels, airways and fat between the lungs; liver, spleen and stomach below the diaphragm. */
function middleHu(section: Section, x: number, y: number, blood: number, stomachGasMm: number): number {
  const { z } = section;
  if (diaphragmDistance(section, x, y) > 0 && !(section.heart && ellipseDistance(section.heart, x, y) < -6 && z > 55)) {
    if (stomachGasMm > 0 && Math.hypot((x - 58) / 1.3, y + 34, (z - 32) * 0.9) < stomachGasMm) return -960;
    if (y > 20 && x > 40) return 50 + (blood - 45) * 0.3;
    if (x < 30) return 60 + (blood - 45) * 0.25 + 6 * cloud(x / 8, y / 8, z / 8);
    return cloud(x / 22, y / 22, z / 22) > 0.5 ? -95 : 38 + 8 * cloud(x / 7, y / 7, z / 7);
  }
  if (isAirway(x, y, z)) return -985;
  if (section.heart) {
    const heart = ellipseDistance(section.heart, x, y);
    if (heart < -5) return Math.hypot((x - 34) / 24, (y + 20) / 19) < 1 || x < 8 ? blood : 48 + (blood - 45) * 0.25;
    if (heart < -2.5) return -85;
    if (heart < 0) return 25;
  }
  if (greatVessel(x, y, z)) return blood;
  if (Math.hypot(x - 6, y - 36) < 7) return 30;
  return z > 225 ? (cloud(x / 12, y / 12, z / 12) > 0.1 ? -75 : 50) : cloud(x / 16, y / 16, z / 16) > 0.1 ? -90 : 32;
}

function isAirway(x: number, y: number, z: number): boolean {
  const y0 = 26 - (z - 150) * 0.06;
  if (z > 150) return Math.hypot(x / 8.5, (y - y0 + (z > 210 ? 6 : 0)) / 8) < 1;
  if (z < 108) return false;
  const down = 150 - z;
  const right = Math.hypot((x + 5 + down * 0.62) / 8.5, (y - y0) / 6.5) < 1;
  return right || Math.hypot((x - 5 - down * 0.85) / 9.5, (y - y0) / 6) < 1;
}

function greatVessel(x: number, y: number, z: number): boolean {
  if (z < 172 && Math.hypot(x - 21, y - 45) < 12) return true;
  if (z > 95 && z < 172 && Math.hypot(x + 12, y + 16 - (z - 130) * 0.1) < 15.5) return true;
  if (z >= 158 && z < 184) {
    const share = Math.max(0, Math.min(1, (x + 12) / 33));
    if (Math.abs(y - (-14 + 56 * share * share)) < 13 && x > -22 && x < 32) return true;
  }
  if (z > 100 && z < 215 && Math.hypot(x + 27, y + 2) < 8.5) return true;
  if (z > 112 && z < 146) {
    if (Math.hypot(x - 16, y + 18 - (146 - z) * 0.2) < 14) return true;
    if (z < 136 && Math.abs(y - 4 - Math.abs(x) * 0.12) < 9 && x > -38 && x < 44) return true;
  }
  if (z > 184) {
    return (
      Math.hypot(x + 14, y - 2) < 6.5 ||
      Math.hypot(x - 8, y - 8) < 4.5 ||
      Math.hypot(x - 19, y - 22) < 5.5 ||
      Math.hypot(x + 27, y - 2) < 7
    );
  }
  return false;
}

/** Sternum, collar bones, shoulder blades and heads of the arm bones. */
function girdleHu(x: number, y: number, z: number, section: Section, bone: number): number | undefined {
  const front = section.cavity.centreY - section.cavity.radii[direction(0, -1)]!;
  if (z > 15 && z < 222 && Math.abs(x) < (z > 175 ? 26 : 15) && y < front - 2 && y > front - 15) {
    const rim = Math.abs(x) > (z > 175 ? 23 : 12.5) || y < front - 12.5 || y > front - 4.5;
    return (rim ? 520 : 180) * bone;
  }
  const side = Math.abs(x);
  if (z > 112 && z < 246 && y > 40) {
    // The blade is a thin slanting plate behind the ribs; its spine stands out backwards near the shoulder.
    const from = 72 + (246 - z) * 0.08;
    const plate = Math.abs(y - (111 - (side - from) * 0.52 - Math.max(0, z - 200) * 0.25));
    const reach = z > 205 ? 72 : 38 + (z - 112) * 0.28;
    if (side > from && side < from + reach && plate < (z > 205 ? 5 : 3.2)) return (plate > 2 ? 620 : 380) * bone;
  }
  if (z > 216 && z < 242) {
    const clavicle = Math.abs(y - (-44 + (side - 22) * 0.62 + (z - 226) * 0.5));
    if (side > 20 && side < 122 && clavicle < 6.5) return (clavicle > 4 ? 700 : 300) * bone;
  }
  if (z > 222) {
    const head = Math.hypot(side - 166, y - 34, (z - 252) * 0.9);
    if (head < 25) return (head > 21 ? 560 : 230) * bone;
  }
  return undefined;
}

/** Adds patches (vessels stay visible through them) and balls to lung already painted, and marks the lesion mask. */
function paintFindings({ anatomy, findings }: Patient, section: Section, grid: PixelGrid, canvas: Canvas): void {
  const { z } = section;
  const patches = findings.patches.filter((patch) => Math.abs(patch.centre[2] - z) < patch.halfMm[2] * 1.7);
  const balls = findings.balls.filter((ball) => Math.abs(ball.centre[2] - z) < ball.radiusMm + 1);
  if (patches.length === 0 && balls.length === 0) return;
  const cos = Math.cos(anatomy.roll);
  const sin = Math.sin(anatomy.roll);
  for (let index = 0; index < canvas.hu.length; index++) {
    if (canvas.lung[index] === 0) continue;
    const px = grid.left + (index % grid.size) * grid.pixelMm;
    const py = grid.top + Math.floor(index / grid.size) * grid.pixelMm;
    const x = (px * cos + py * sin) / anatomy.scale[0];
    const y = (py * cos - px * sin) / anatomy.scale[1];
    let added = 0;
    let soft = 0;
    let heaviest = 0;
    for (const patch of patches) {
      const weight = patchWeight(patch, x, y, z, anatomy.texture);
      if (weight === 0) continue;
      heaviest = Math.max(heaviest, weight);
      const net = patch.paving ? Math.max(0, 1 - Math.abs(cloud(x / 4 + anatomy.texture, y / 4, z / 4)) * 7) : 0;
      added = Math.max(added, weight * (patch.addHu + 170 * net));
      if (patch.consolidated > 0) soft = Math.max(soft, smooth((weight - 1 + patch.consolidated) / 0.3));
    }
    let hu = canvas.hu[index]!;
    if (hu < -120) hu = Math.min(Math.max(hu, -120), hu + added);
    // Consolidation: soft tissue with a rest of air in it.
    if (soft > 0 && hu < 20) hu += soft * (20 + 45 * cloud(x / 6, y / 6, z / 6) - hu);
    for (const ball of balls) {
      const outside = Math.hypot(x - ball.centre[0], y - ball.centre[1], z - ball.centre[2]) - ball.radiusMm;
      if (outside < grid.pixelMm / 2) hu += Math.min(1, 0.5 - outside / grid.pixelMm) * (ball.hu - hu);
    }
    canvas.hu[index] = hu;
    if (heaviest > 0.5) canvas.lesion[index] = 1;
  }
}

function smooth(share: number): number {
  const clamped = Math.max(0, Math.min(1, share));
  return clamped * clamped * (3 - 2 * clamped);
}
