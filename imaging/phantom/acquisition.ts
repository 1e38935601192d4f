// How a scan was taken: scanner, kernel, field of view, slices and grain, all drawn independently of the label.
import type { Random } from "./random.ts";

export interface Acquisition {
  readonly manufacturer: string;
  readonly model: string;
  readonly kernel: string;
  readonly kvp: number;
  /** Reach of the kernel, in pixels of its grain. */
  readonly grainReach: number;
  /** Standard deviation of the grain in soft tissue, HU. */
  readonly grainHu: number;
  /** Blur of edges by the kernel, mm. */
  readonly edgeMm: number;
  readonly fieldOfViewMm: number;
  readonly thicknessMm: number;
  readonly slices: number;
  /** Height of the first (lowest) slice above the lung bases and distance between slices, mm. */
  readonly lowestMm: number;
  readonly spacingMm: number;
  /** Middle of the field of view relative to the patient's axis, mm. */
  readonly offsetMm: readonly [x: number, y: number];
  /** Where the scanner's own zero lies, mm: no two scanners agree. */
  readonly isocentreMm: readonly [x: number, y: number, z: number];
  /** Pixels outside the round field hold this HU, or are reconstructed to the corners if undefined. */
  readonly outsideHu: number | undefined;
}

const knownScanners = [
  { manufacturer: "SIEMENS", model: "Sensation 16", soft: "B40f", sharp: "B70f", outsideHu: undefined },
  { manufacturer: "GE MEDICAL SYSTEMS", model: "LightSpeed VCT", soft: "STANDARD", sharp: "LUNG", outsideHu: -2000 },
  { manufacturer: "Philips", model: "Brilliance 64", soft: "B", sharp: "YC", outsideHu: undefined },
  { manufacturer: "TOSHIBA", model: "Aquilion", soft: "FC08", sharp: "FC51", outsideHu: -2048 },
] as const;

/** Draws a scan of a patient whose lungs are about heightMm high. */
export function drawAcquisition(
  random: Random,
  { heightMm, widthMm, slices }: { heightMm: number; widthMm: number; slices: readonly [low: number, high: number] },
): Acquisition {
  const scanner = random.pick(knownScanners);
  const sharp = random.chance(0.45);
  const count = random.integer(slices[0], slices[1]);
  const margin = random.between(4, 16);
  const spacingMm = Math.round(((heightMm + 2 * margin) / count) * 100) / 100;
  const thickness = random.pick([1.25, 2, 3, 5, 5, 8, 8]);
  return {
    manufacturer: scanner.manufacturer,
    model: scanner.model,
    kernel: sharp ? scanner.sharp : scanner.soft,
    kvp: random.pick([100, 120, 120, 130, 140]),
    grainReach: sharp ? 0.55 : 1.1,
    grainHu: sharp ? random.between(24, 60) : random.between(8, 22),
    edgeMm: sharp ? 1 : 2.6,
    fieldOfViewMm: Math.round(Math.max(300, Math.min(430, widthMm * random.between(1.02, 1.2)))),
    thicknessMm: Math.min(thickness, spacingMm),
    slices: count,
    lowestMm: -margin + spacingMm / 2,
    spacingMm,
    offsetMm: [random.around(0, 9), random.around(0, 9)],
    isocentreMm: [0, Math.round(random.between(-170, -120)), Math.round(random.between(-900, 300))],
    outsideHu: scanner.outsideHu,
  };
}
