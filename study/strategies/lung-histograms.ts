// Histograms of lung density in three thirds from feet to head, of synthetic scans: enough for a small network to detect the
// disease, and small enough to train hundreds of federations.
import { type SyntheticScan, synthesiseScan } from "../../imaging/phantom/synthesise-scan.ts";

const bins = 24;
const thirds = 3;
const lowestHu = -1000;
const highestHu = 200;

export const features = bins * thirds;

export interface Scan {
  readonly label: 0 | 1;
  /** `features` numbers, about 0 to 5. */
  readonly input: Float64Array;
}

/**
 * @param index which patient of the seed's population; every other one is positive
 * @param signal how strongly the disease shows: 1 as in life
 */
export function lungHistogram(seed: number, index: number, signal = 1): Scan {
  const label = (index % 2) as 0 | 1;
  const scan = synthesiseScan({ seed, index, positive: label === 1, matrix: 64, slices: [8, 10], signal });
  return { label, input: densityHistogram(scan) };
}

/** What a histogram needs of a scan. */
export type HistogramScan = Pick<SyntheticScan, "hu" | "lung"> & {
  readonly geometry: Pick<SyntheticScan["geometry"], "slices" | "rows" | "columns">;
};

/** The histogram of a scan, of any matrix and number of slices. */
export function densityHistogram({ hu, lung, geometry }: HistogramScan): Float64Array {
  const input = new Float64Array(features);
  const voxels = new Float64Array(thirds);
  const area = geometry.rows * geometry.columns;
  for (let voxel = 0; voxel < hu.length; voxel++) {
    if (lung[voxel] === 0) continue;
    const third = Math.floor((Math.floor(voxel / area) * thirds) / geometry.slices);
    const place = ((hu[voxel]! - lowestHu) / (highestHu - lowestHu)) * bins;
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(place)));
    input[third * bins + bin] = input[third * bins + bin]! + 1;
    voxels[third] = voxels[third]! + 1;
  }
  // The square root brings the rare dense voxels of the disease to the scale of the frequent ones.
  for (let i = 0; i < features; i++) {
    const all = Math.max(1, voxels[Math.floor(i / bins)]!);
    input[i] = 5 * Math.sqrt(input[i]! / all);
  }
  return input;
}
