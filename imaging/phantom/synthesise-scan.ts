// One synthetic chest CT with its exact masks, for the archive of DICOM files and for training segmentation.
import { type Acquisition, drawAcquisition } from "./acquisition.ts";
import { type Anatomy, drawAnatomy } from "./anatomy.ts";
import type { Canvas, PixelGrid } from "./canvas.ts";
import { drawFindings, sampleLung } from "./findings.ts";
import { grain } from "./noise.ts";
import { type Patient, paintSection } from "./paint.ts";
import { openRandom, type Random } from "./random.ts";
import { growVessels, type Point } from "./vessels.ts";

export interface SynthesiseOptions {
  readonly seed: number;
  /** Which patient of the seed's population. */
  readonly index: number;
  readonly positive: boolean;
  /** Rows and columns of a slice; default 128. */
  readonly matrix?: number;
  /** Fewest and most slices of a scan; default 18 to 24. */
  readonly slices?: readonly [low: number, high: number];
  /** How strongly disease shows: 1 (default) as in patients, 0 not at all. */
  readonly signal?: number;
}

/** Voxel (s, r, c) lies at origin + (c * x, r * y, s * z) mm in patient coordinates (DICOM PS3.3 C.7.6.2), feet to head. */
export interface ScanGeometry {
  readonly slices: number;
  readonly rows: number;
  readonly columns: number;
  readonly spacingMm: readonly [z: number, y: number, x: number];
  readonly originMm: readonly [x: number, y: number, z: number];
}

export interface SyntheticScan {
  /** Hounsfield units, [slice, row, column], -1024 to 3071; outside the field of view the acquisition's outsideHu. */
  readonly hu: Int16Array;
  /** 1 in the lungs (vessels and patches included), else 0; same shape. */
  readonly lung: Uint8Array;
  /** 1 in patches of disease, else 0; same shape. */
  readonly lesion: Uint8Array;
  readonly geometry: ScanGeometry;
  readonly acquisition: Acquisition;
  readonly anatomy: Anatomy;
}

/** Draws one patient and scans it. The same options give the same voxels. */
export function synthesiseScan(options: SynthesiseOptions): SyntheticScan {
  const { seed, index, positive, matrix = 128, slices = [18, 24], signal = 1 } = options;
  const anatomy = drawAnatomy(openRandom(seed, index, "anatomy"));
  const acquisition = drawAcquisition(openRandom(seed, index, "acquisition"), {
    heightMm: 250 * anatomy.scale[2],
    widthMm: 2 * (122 * anatomy.scale[0] + anatomy.muscleMm + anatomy.fatMm),
    slices,
  });
  const patient = drawPatient(anatomy, openRandom(seed, index, "lungs"), openRandom(seed, index, "findings"), {
    positive,
    signal,
  });
  const pixelMm = acquisition.fieldOfViewMm / matrix;
  const grid: PixelGrid = {
    size: matrix,
    pixelMm,
    left: acquisition.offsetMm[0] - ((matrix - 1) / 2) * pixelMm,
    top: acquisition.offsetMm[1] - ((matrix - 1) / 2) * pixelMm,
  };
  const area = matrix * matrix;
  const hu = new Int16Array(acquisition.slices * area);
  const lung = new Uint8Array(hu.length);
  const lesion = new Uint8Array(hu.length);
  const painted = new Float32Array(area);
  const chance = openRandom(seed, index, "grain");
  for (let slice = 0; slice < acquisition.slices; slice++) {
    const span: [number, number] = [slice * area, (slice + 1) * area];
    const canvas: Canvas = { hu: painted, lung: lung.subarray(...span), lesion: lesion.subarray(...span) };
    const z = acquisition.lowestMm + slice * acquisition.spacingMm;
    paintSection(patient, z, acquisition.thicknessMm, grid, acquisition.edgeMm, canvas);
    develop(painted, hu.subarray(...span), matrix, acquisition, z / anatomy.scale[2], chance);
  }
  const [isoX, isoY, isoZ] = acquisition.isocentreMm;
  return {
    hu,
    lung,
    lesion,
    geometry: {
      slices: acquisition.slices,
      rows: matrix,
      columns: matrix,
      spacingMm: [acquisition.spacingMm, pixelMm, pixelMm],
      originMm: [grid.left + isoX, grid.top + isoY, acquisition.lowestMm + isoZ],
    },
    acquisition,
    anatomy,
  };
}

function drawPatient(
  anatomy: Anatomy,
  lungs: Random,
  chance: Random,
  { positive, signal }: { positive: boolean; signal: number },
): Patient {
  const { points, sections } = sampleLung(anatomy, 2200, lungs);
  const side = (right: boolean) => points.filter((point) => point[0] < 4 === right);
  const inside = ([x, , z]: Point) => z > -10 && z < 256 && Math.abs(x) < 125;
  const vessels = [
    ...growVessels([-34, 14, 122], side(true), 7.5, lungs, inside),
    ...growVessels([38, 16, 126], side(false), 7, lungs, inside),
  ];
  const stomachGasMm = lungs.chance(0.5) ? lungs.between(12, 26) : 0;
  return {
    anatomy,
    vessels,
    findings: drawFindings({ positive, signal, random: chance, points, sections }),
    stomachGasMm,
  };
}

/** Adds the grain of the kernel (and streaks between the shoulders), cuts the field of view, rounds to whole HU. */
function develop(
  painted: Float32Array,
  hu: Int16Array,
  matrix: number,
  acquisition: Acquisition,
  z: number,
  chance: Random,
): void {
  const field = grain(acquisition.grainReach);
  const streaks = grain(2.5);
  const shiftX = chance.integer(0, 511);
  const shiftY = chance.integer(0, 511);
  const streakHu = Math.max(0, Math.min(1, (z - 195) / 50)) * 45;
  const middle = (matrix - 1) / 2;
  const radius = (matrix / 2) ** 2;
  // Coarser matrices average more of the detector, so the same dose grains less.
  const amount = acquisition.grainHu * Math.min(1, Math.sqrt(matrix / 512) + 0.15);
  for (let row = 0; row < matrix; row++) {
    for (let column = 0; column < matrix; column++) {
      const index = row * matrix + column;
      if (acquisition.outsideHu !== undefined && (row - middle) ** 2 + (column - middle) ** 2 > radius) {
        hu[index] = acquisition.outsideHu;
        continue;
      }
      let value = painted[index]!;
      const grained = field[((row + shiftY) & 511) * 512 + ((column + shiftX) & 511)]!;
      value += grained * amount * (value < -950 ? 0.6 : 1);
      if (streakHu > 0) value += streakHu * streaks[((row + shiftX) & 511) * 512 + (((column >> 4) + shiftY) & 511)]!;
      hu[index] = Math.max(-1024, Math.min(3071, Math.round(value)));
    }
  }
}
