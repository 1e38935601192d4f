// Draws a line chart with intervals, such as scores over rounds.
import { type Axis, chartDocument, label, layOut, legend, legendWidth, line, palette } from "./svg.ts";

export interface ChartPoint {
  readonly x: number;
  readonly y: number;
  /** Bounds of the interval around y; both or none. */
  readonly low?: number;
  readonly high?: number;
}

export interface ChartSeries {
  readonly name: string;
  readonly points: readonly ChartPoint[];
  readonly dashed?: boolean;
}

export interface LineChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** Range of the y axis; by default that of the points. */
  readonly yRange?: readonly [low: number, high: number];
  /** A level to compare with, such as 0.5 for chance. */
  readonly reference?: { readonly y: number; readonly label?: string };
  readonly width?: number;
  readonly height?: number;
}

/** A line chart as an SVG document: a line, dots and a shaded interval for each series. Points that are not finite are left out. */
export function lineChart(series: readonly ChartSeries[], options: LineChartOptions): string {
  const { title, xLabel, yLabel, reference, width = 760, height = 420 } = options;
  const drawn = series.map((one) => ({
    ...one,
    points: one.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)).sort((a, b) => a.x - b.x),
  }));
  const points = drawn.flatMap((one) => one.points);
  const heights = points.flatMap(({ y, low = y, high = y }) => [y, low, high]).filter(Number.isFinite);
  const x: Axis = {
    ...rangeOf(
      points.map((point) => point.x),
      0,
    ),
    label: xLabel,
  };
  const y: Axis = {
    ...(options.yRange
      ? { low: options.yRange[0], high: options.yRange[1] }
      : rangeOf(reference ? [...heights, reference.y] : heights, 0.06)),
    label: yLabel,
  };
  const plot = layOut(x, y, { width, height, legendWidth: legendWidth(series.map(({ name }) => name)) });
  const clipped = (value: number) => plot.y(Math.max(y.low, Math.min(y.high, value)));
  const marks = drawn.flatMap(({ points: own, dashed }, index) => {
    const colour = palette[index % palette.length]!;
    const band = own.filter(({ low, high }) => low !== undefined && high !== undefined);
    const upper = band.map((point) => `${plot.x(point.x)},${clipped(point.high!)}`);
    const lower = band.map((point) => `${plot.x(point.x)},${clipped(point.low!)}`).reverse();
    const dashes = dashed ? ' stroke-dasharray="6 4"' : "";
    // The interval of a single point has no area, so it is drawn as a whisker.
    return [
      ...(band.length > 1
        ? [`<polygon points="${[...upper, ...lower].join(" ")}" fill="${colour}" fill-opacity="0.14"/>`]
        : []),
      ...(band.length === 1
        ? [line(plot.x(band[0]!.x), clipped(band[0]!.low!), plot.x(band[0]!.x), clipped(band[0]!.high!), colour)]
        : []),
      `<polyline points="${own.map((point) => `${plot.x(point.x)},${clipped(point.y)}`).join(" ")}" fill="none" stroke="${colour}" stroke-width="2"${dashes}/>`,
      ...own.map((point) => `<circle cx="${plot.x(point.x)}" cy="${clipped(point.y)}" r="3" fill="${colour}"/>`),
    ];
  });
  const compared = reference
    ? [
        line(plot.left, clipped(reference.y), plot.right, clipped(reference.y), "#888", true),
        ...(reference.label
          ? [label(plot.right - 4, clipped(reference.y) - 5, reference.label, { anchor: "end" })]
          : []),
      ]
    : [];
  const names = legend(
    plot,
    series.map(({ name }, index) => ({ name, colour: palette[index % palette.length]! })),
  );
  return chartDocument(plot, title, x, y, [...compared, ...marks, ...names]);
}

function rangeOf(values: readonly number[], marginShare: number): { low: number; high: number } {
  if (values.length === 0) return { low: 0, high: 1 };
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (low === high) return { low: low - 0.5, high: high + 0.5 };
  const margin = (high - low) * marginShare;
  return { low: low - margin, high: high + margin };
}
