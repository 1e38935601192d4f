// Draws ROC curves: sensitivity against the false positive rate.
import { unitChart } from "./unit-chart.ts";

export interface RocSeries {
  readonly name: string;
  /** Score of each patient, higher for positive; same length as labels. */
  readonly scores: readonly number[];
  /** True for positive patients. */
  readonly labels: readonly boolean[];
}

/** ROC curves as an SVG document. Equal scores are one diagonal step, so that the order of ties does not matter. */
export function rocChart(
  series: readonly RocSeries[],
  { title = "ROC on test patients" }: { title?: string } = {},
): string {
  const curves = series.map(({ name, scores, labels }) => ({ name, points: rocPoints(scores, labels) }));
  return unitChart(curves, { title, xLabel: "1 - specificity", yLabel: "sensitivity", dots: false });
}

function rocPoints(scores: readonly number[], labels: readonly boolean[]): { x: number; y: number }[] {
  const order = scores.map((_, index) => index).sort((a, b) => scores[b]! - scores[a]!);
  const positives = Math.max(1, labels.filter(Boolean).length);
  const negatives = Math.max(1, labels.length - labels.filter(Boolean).length);
  const points = [{ x: 0, y: 0 }];
  let [hits, alarms] = [0, 0];
  for (const [rank, index] of order.entries()) {
    if (labels[index]) hits += 1;
    else alarms += 1;
    const next = order[rank + 1];
    if (next === undefined || scores[next] !== scores[index])
      points.push({ x: alarms / negatives, y: hits / positives });
  }
  return points;
}
