// Findings in a patient's lungs: the patches of COVID-19 in positives, and in all patients harmless or unrelated
// findings, so that the mean density does not give the label away.
import type { Anatomy } from "./anatomy.ts";
import { cloud } from "./noise.ts";
import type { Random } from "./random.ts";
import { cutSection, lungDistance, roundDistance, type Section } from "./section.ts";
import type { Point } from "./vessels.ts";

const sectionStepMm = 6;

/** A patch with soft, irregular edges. */
export interface Patch {
  readonly centre: Point;
  readonly halfMm: Point;
  /** HU that the patch adds to aerated lung at its centre. */
  readonly addHu: number;
  /** Share of the patch, from its centre, that is consolidated (soft tissue). */
  readonly consolidated: number;
  /** Thickened septa drawn as a net inside the patch. */
  readonly paving: boolean;
  /** How irregular the edge is, 0 smooth. */
  readonly ragged: number;
}

/** A round thing with a clear edge: nodule, mass or bulla. */
export interface Ball {
  readonly centre: Point;
  readonly radiusMm: number;
  readonly hu: number;
}

export interface Findings {
  readonly patches: readonly Patch[];
  readonly balls: readonly Ball[];
  /** Depth of dependent atelectasis along the back, mm (0: none). */
  readonly atelectasisMm: number;
}

/** Draws points of the lungs at random, at heights spread evenly: the frame on which vessels and findings are placed. */
export function sampleLung(anatomy: Anatomy, count: number, random: Random): { sections: Section[]; points: Point[] } {
  const sections = Array.from({ length: 44 }, (_, step) => cutSection(anatomy, (step - 1) * sectionStepMm));
  const points: Point[] = [];
  for (let attempt = 0; points.length < count && attempt < count * 40; attempt++) {
    const section = random.pick(sections);
    const x = random.between(-125, 128);
    const y = random.between(-90, 100);
    if (lungDistance(section, x, y) < -2) points.push([x, y, section.z + random.between(-3, 3)]);
  }
  return { sections, points };
}

/**
 * Draws the findings of a patient.
 *
 * @param signal how strongly the disease shows: 1 as in life, 0 not at all (labels then mean nothing)
 */
export function drawFindings({
  positive,
  signal,
  random,
  points,
  sections,
}: {
  positive: boolean;
  signal: number;
  random: Random;
  points: readonly Point[];
  sections: readonly Section[];
}): Findings {
  const benign = drawBenign(random, points);
  if (!positive || signal === 0) return { ...benign, patches: [] };
  const severity = random.between(0.15, 1) ** 1.2;
  const candidates = points.filter((point) => isPeripheral(sections, point));
  const count = 9 + Math.floor(severity * 10);
  const patches: Patch[] = [];
  for (let index = 0; index < count && candidates.length > 0; index++) {
    // Both lungs in turn, and of six places the one lowest and furthest back: bilateral, basal, posterior.
    const side = index % 2 === 0 ? -1 : 1;
    const tried = Array.from({ length: 6 }, () => random.pick(candidates)).filter((point) => point[0] * side > 0);
    const centre = tried.sort((a, b) => dominance(b) - dominance(a))[0];
    if (!centre) continue;
    const size = random.between(25, 36 + 18 * severity);
    patches.push({
      centre,
      halfMm: [size * random.between(0.7, 1.1), size * random.between(0.8, 1.25), size * random.between(0.9, 1.5)],
      addHu: signal * random.between(310, 460),
      consolidated: random.chance(0.25 + 0.3 * severity) ? random.between(0.2, 0.5) : 0,
      paving: random.chance(0.35),
      ragged: random.between(0.35, 0.7),
    });
  }
  return { ...benign, patches };
}

function dominance([, y, z]: Point): number {
  return y / 90 - z / 260;
}

function isPeripheral(sections: readonly Section[], [x, y, z]: Point): boolean {
  if (z < 10 || z > 225) return false;
  const section = sections[Math.round(z / sectionStepMm) + 1];
  return section !== undefined && roundDistance(section.cavity, x, y) > -24;
}

function drawBenign(random: Random, points: readonly Point[]): Omit<Findings, "patches"> {
  const balls: Ball[] = [];
  const place = (radiusMm: number, hu: number) => balls.push({ centre: random.pick(points), radiusMm, hu });
  if (random.chance(0.35))
    for (let n = random.integer(1, 4); n > 0; n--) place(random.between(2, 6), random.between(-100, 60));
  if (random.chance(0.15)) place(random.between(13, 26), random.between(10, 50));
  if (random.chance(0.2))
    for (let n = random.integer(20, 90); n > 0; n--) place(random.between(3, 11), random.between(-985, -950));
  return { balls, atelectasisMm: random.chance(0.4) ? random.between(4, 12) : 0 };
}

/** How much of a patch a point belongs to: 0 outside, 1 at its centre, soft and ragged between. */
export function patchWeight(patch: Patch, x: number, y: number, z: number, texture: number): number {
  const u = (x - patch.centre[0]) / patch.halfMm[0];
  const v = (y - patch.centre[1]) / patch.halfMm[1];
  const w = (z - patch.centre[2]) / patch.halfMm[2];
  const squared = u * u + v * v + w * w;
  if (squared > 3) return 0;
  const rough = cloud(x / 13 + texture, y / 13, z / 13) + 0.3 * cloud(x / 4.5, y / 4.5 + texture, z / 4.5);
  const inside = (1 + patch.ragged * 0.6 * rough - Math.sqrt(squared)) / 0.55;
  const share = Math.max(0, Math.min(1, inside));
  return share * share * (3 - 2 * share);
}
