// Draws the share of positive patients against the predicted probability.
import { wilson } from "../../foundation/statistics/proportion.ts";
import { unitChart } from "./unit-chart.ts";

export interface ReliabilitySeries {
  readonly name: string;
  /** Predicted probability of being positive, 0 to 1; same length as labels. */
  readonly probabilities: readonly number[];
  readonly labels: readonly boolean[];
}

/** A reliability diagram as an SVG document: bins of equal width, each with its 95 % Wilson interval, without empty bins. */
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
    .map(({ count, sum, positive }) => {
      const { value: y, low, high } = wilson(positive, count);
      return { x: sum / count, y, low, high };
    });
}
