// Draws whether a probability means what it says: how often patients of each predicted probability are positive.
import { unitChart } from "./unit-chart.ts";

export interface ReliabilitySeries {
  readonly name: string;
  /** Predicted probability of being positive, 0 to 1; same length as labels. */
  readonly probabilities: readonly number[];
  readonly labels: readonly boolean[];
}

/** A reliability diagram as an SVG document: equally wide bins, each with its 95 % Wilson interval. Empty bins are left out. */
export function reliabilityChart(
  series: readonly ReliabilitySeries[],
  { title = "Reliability on test patients", bins = 10 }: { title?: string; bins?: number } = {},
): string {
  const drawn = series.map(({ name, probabilities, labels }) => ({
    name,
    points: binned(probabilities, labels, bins),
  }));
  return unitChart(drawn, { title, xLabel: "predicted probability", yLabel: "share that is positive", dots: true });
}

function binned(probabilities: readonly number[], labels: readonly boolean[], bins: number) {
  const held = Array.from({ length: bins }, () => ({ count: 0, sum: 0, positive: 0 }));
  for (const [index, probability] of probabilities.entries()) {
    const bin = held[Math.max(0, Math.min(bins - 1, Math.floor(probability * bins)))]!;
    bin.count += 1;
    bin.sum += probability;
    if (labels[index]) bin.positive += 1;
  }
  return held
    .filter(({ count }) => count > 0)
    .map(({ count, sum, positive }) => ({ x: sum / count, y: positive / count, ...wilson(positive, count) }));
}

/** Wilson 1927, the score interval, z = 1.96. */
function wilson(positive: number, count: number): { low: number; high: number } {
  const z = 1.96;
  const share = positive / count;
  const centre = (share + (z * z) / (2 * count)) / (1 + (z * z) / count);
  const half = (z / (1 + (z * z) / count)) * Math.sqrt((share * (1 - share)) / count + (z * z) / (4 * count * count));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
