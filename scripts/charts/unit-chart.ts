// Charts on the unit square with its diagonal, for ROC curves and reliability diagrams.

import type { ChartSeries } from "./line-chart.ts";
import { type Axis, chartDocument, layOut, legend, legendWidth, line, palette } from "./svg.ts";

/** Series over [0, 1] x [0, 1] with a dashed diagonal; intervals are drawn as whiskers, with dots if `dots` is set. */
export function unitChart(
  series: readonly ChartSeries[],
  { title, xLabel, yLabel, dots }: { title: string; xLabel: string; yLabel: string; dots: boolean },
): string {
  const x: Axis = { low: 0, high: 1, label: xLabel };
  const y: Axis = { low: 0, high: 1, label: yLabel };
  const aside = legendWidth(series.map(({ name }) => name));
  const plot = layOut(x, y, { width: 460 + aside, height: 472, legendWidth: aside });
  const marks = series.flatMap(({ points }, index) => {
    const colour = palette[index % palette.length]!;
    const path = points.map((point) => `${plot.x(point.x)},${plot.y(point.y)}`).join(" ");
    return [
      ...points.flatMap(({ x: at, low, high }) =>
        low === undefined || high === undefined
          ? []
          : [line(plot.x(at), plot.y(low), plot.x(at), plot.y(high), colour)],
      ),
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...(dots
        ? points.map((point) => `<circle cx="${plot.x(point.x)}" cy="${plot.y(point.y)}" r="3.5" fill="${colour}"/>`)
        : []),
    ];
  });
  const names = legend(
    plot,
    series.map(({ name }, index) => ({ name, colour: palette[index % palette.length]! })),
  );
  return chartDocument(plot, title, x, y, [
    line(plot.x(0), plot.y(0), plot.x(1), plot.y(1), "#888", true),
    ...marks,
    ...names,
  ]);
}
