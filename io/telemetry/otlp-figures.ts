// A figure as prom-client lists it, in the form of OpenTelemetry's SDK: one registry serves both.
import type { MetricData } from "@opentelemetry/sdk-metrics";

/** What prom-client's `getMetricsAsJSON` gives. */
export interface Figure {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, string | number>>;
    /** Of a histogram: the name with `_bucket`, `_sum` or `_count`. */
    readonly metricName?: string;
  }[];
}

// Numbers of the SDK's enums, which are loaded with it alone.
const point = { histogram: 0, gauge: 2, sum: 3 } as const;
const cumulative = 1;
const double = 1;

type Time = [number, number];

/** @param from, to of what is counted, milliseconds since 1970. @returns undefined for kinds that OTLP has no form of */
export function otlpMetric(figure: Figure, from: number, to: number): MetricData | undefined {
  const { name, help, type, values } = figure;
  const times = { startTime: timeOf(from), endTime: timeOf(to) };
  const head = {
    descriptor: { name, description: help, unit: unitOf(name), valueType: double },
    aggregationTemporality: cumulative,
  };
  const points = values.map(({ value, labels }) => ({ ...times, attributes: { ...labels }, value }));
  if (type === "counter")
    return { ...head, dataPointType: point.sum, isMonotonic: true, dataPoints: points } as MetricData;
  if (type === "gauge") return { ...head, dataPointType: point.gauge, dataPoints: points } as MetricData;
  if (type === "histogram")
    return { ...head, dataPointType: point.histogram, ...histogram(figure, times) } as MetricData;
  return undefined;
}

/** Prometheus counts all that is at most a bound; OpenTelemetry what lies between two. */
function histogram({ name, values }: Figure, times: { readonly startTime: Time; readonly endTime: Time }) {
  const series = new Map<string, { labels: Record<string, string | number>; of: Map<string, number> }>();
  for (const { labels: all, value, metricName } of values) {
    const { le, ...labels } = all;
    const key = JSON.stringify(labels);
    const one = series.get(key) ?? { labels, of: new Map() };
    series.set(key, one);
    one.of.set(metricName === `${name}_bucket` ? String(le) : (metricName ?? "").slice(name.length + 1), value);
  }
  const dataPoints = [...series.values()].map(({ labels, of }) => {
    const bounds = [...of.keys()].filter((key) => Number.isFinite(Number(key))).map(Number);
    const sorted = bounds.sort((a, b) => a - b);
    const count = of.get("count") ?? 0;
    const upTo = [...sorted.map((bound) => of.get(String(bound)) ?? 0), count];
    const counts = upTo.map((each, index) => each - (upTo[index - 1] ?? 0));
    return {
      ...times,
      attributes: labels,
      value: { buckets: { boundaries: sorted, counts }, count, sum: of.get("sum") ?? 0 },
    };
  });
  return { dataPoints };
}

function timeOf(ms: number): Time {
  return [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];
}

/** By the name's own unit (UCUM). */
function unitOf(name: string): string {
  const base = name.replace(/_total$/, "");
  if (base.endsWith("_seconds")) return "s";
  return base.endsWith("_bytes") ? "By" : "1";
}
