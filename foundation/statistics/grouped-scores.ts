// Scores of patients as counts of ranges, so that no published number belongs to one patient, and what such counts still
// say: the area under the curve and the calibration, each with the uncertainty that grouping adds.
import type { Estimate } from "./proportion.ts";
import { areaInterval, type ReliabilityBin } from "./scores.ts";

/** So many patients scored within [low, high]; low equals high where the score itself is known. */
export interface ScoreCell {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** Cells of equal bins over [0, 1]: [first bin, bin after the last, patients]; ascending, none empty. */
export interface CoarseHistogram {
  readonly bins: number;
  readonly cells: readonly (readonly [number, number, number])[];
}

/** The finest resolution, 1/64. */
export const mostBins = 64;

/**
 * Groups scores so that each cell holds at least `smallestCell` patients. A cell ends after a bin with a patient, so bins are
 * wide for such an end to say little: as many as the largest power of two at which a bin holds `smallestCell` on average.
 * @returns undefined for fewer than `smallestCell` scores
 */
export function coarsen(scores: readonly number[], smallestCell: number): CoarseHistogram | undefined {
  if (scores.length < smallestCell) return undefined;
  let bins = 1;
  while (bins < mostBins && 2 * bins * smallestCell <= scores.length) bins *= 2;
  const counts = new Array<number>(bins).fill(0);
  for (const score of scores) counts[Math.min(bins - 1, Math.max(0, Math.floor(score * bins)))]!++;
  const cells: [number, number, number][] = [];
  let start = 0;
  let count = 0;
  counts.forEach((inBin, bin) => {
    if (count === 0) start = bin;
    count += inBin;
    if (count < smallestCell) return;
    cells.push([start, bin + 1, count]);
    count = 0;
  });
  // The last few join the cell before them.
  if (count > 0) {
    const [from, , before] = cells.pop()!;
    cells.push([from, counts.findLastIndex((inBin) => inBin > 0) + 1, before + count]);
  }
  return { bins, cells };
}

export function cellsOf({ bins, cells }: CoarseHistogram): ScoreCell[] {
  return cells.map(([from, to, count]) => ({ low: from / bins, high: to / bins, count }));
}

/**
 * The probability that a positive patient scores above a negative one, ties counting half, of pooled cells. The value takes
 * scores to be spread evenly over their cells; the interval holds for wherever in their cells they are, and reaches from
 * the lower end of the smallest possible area's to the upper end of the largest's (Hanley and McNeil 1982).
 */
export function groupedArea(positives: readonly ScoreCell[], negatives: readonly ScoreCell[]): Estimate {
  const [most, others] = [total(positives), total(negatives)];
  if (most === 0 || others === 0) return { value: Number.NaN, low: Number.NaN, high: Number.NaN };
  const sums = { even: 0, least: 0, largest: 0 };
  const pooled = poolCells(negatives);
  for (const positive of poolCells(positives)) {
    for (const negative of pooled) {
      const pairs = positive.count * negative.count;
      const { even, least, largest } = chances(positive, negative);
      sums.even += pairs * even;
      sums.least += pairs * least;
      sums.largest += pairs * largest;
    }
  }
  const pairs = most * others;
  return {
    value: sums.even / pairs,
    low: areaInterval(sums.least / pairs, most, others).low,
    high: areaInterval(sums.largest / pairs, most, others).high,
  };
}

/** Cells with the same range as one: there are few ranges, so that work does not grow with the square of the patients. */
function poolCells(cells: readonly ScoreCell[]): ScoreCell[] {
  const pooled = new Map<string, ScoreCell>();
  for (const cell of cells) {
    const range = `${cell.low} ${cell.high}`;
    pooled.set(range, { ...cell, count: cell.count + (pooled.get(range)?.count ?? 0) });
  }
  return [...pooled.values()];
}

/** The chance that a score of the first cell is above one of the second: spread evenly, at least, at most. */
function chances(first: ScoreCell, second: ScoreCell): { even: number; least: number; largest: number } {
  const isPair = first.low === first.high && second.low === second.high;
  if (isPair && first.low === second.low) return { even: 0.5, least: 0.5, largest: 0.5 };
  // A cell's high edge is not part of it, but for the last one; at worst scores are equal, which counts half.
  if (first.low >= second.high) return { even: 1, least: 1, largest: 1 };
  if (first.high <= second.low) return { even: 0, least: 0, largest: 0 };
  return { even: evenChance(first, second), least: 0, largest: 1 };
}

/** P(X > Y) for X and Y uniform on overlapping intervals, one of which may be a point. */
function evenChance({ low: a, high: b }: ScoreCell, { low: c, high: d }: ScoreCell): number {
  if (a === b) return (a - c) / (d - c);
  if (c === d) return (b - c) / (b - a);
  // The integral over x of [a, b] of the share of [c, d] below x.
  const shareBelow = (x: number) => (x <= c ? 0 : x >= d ? x - (c + d) / 2 : ((x - c) * (x - c)) / (2 * (d - c)));
  return (shareBelow(b) - shareBelow(a)) / (b - a);
}

/** Reliability bins and expected calibration error of pooled cells, each cell's patients spread evenly over it. */
export function groupedCalibration(
  positives: readonly ScoreCell[],
  negatives: readonly ScoreCell[],
  bins = 10,
): { bins: ReliabilityBin[]; ece: number } {
  const patients = total(positives) + total(negatives);
  const filled: ReliabilityBin[] = [];
  let ece = 0;
  for (let bin = 0; bin < bins; bin++) {
    const range = { low: bin / bins, high: (bin + 1) / bins, isLast: bin === bins - 1 };
    const [positive, negative] = [within(positives, range), within(negatives, range)];
    const inside = positive.count + negative.count;
    if (inside === 0) continue;
    const meanScore = (positive.sum + negative.sum) / inside;
    const positiveShare = positive.count / inside;
    filled.push({ meanScore, positiveShare, patients: inside });
    const distance = meanScore - positiveShare;
    ece += (inside / patients) * (distance < 0 ? -distance : distance);
  }
  return { bins: filled, ece };
}

/** Patients of the cells within a range, and the sum of their scores. */
function within(
  cells: readonly ScoreCell[],
  { low, high, isLast }: { low: number; high: number; isLast: boolean },
): { count: number; sum: number } {
  let [count, sum] = [0, 0];
  for (const cell of cells) {
    if (cell.low === cell.high) {
      const isInside = cell.low >= low && (cell.low < high || isLast);
      if (isInside) [count, sum] = [count + cell.count, sum + cell.count * cell.low];
      continue;
    }
    const [from, to] = [Math.max(low, cell.low), Math.min(high, cell.high)];
    if (from >= to) continue;
    const share = (cell.count * (to - from)) / (cell.high - cell.low);
    count += share;
    sum += (share * (from + to)) / 2;
  }
  return { count, sum };
}

function total(cells: readonly ScoreCell[]): number {
  return cells.reduce((sum, { count }) => sum + count, 0);
}
