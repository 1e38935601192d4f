// Sends figures and spans to an OpenTelemetry collector (OTLP over HTTP, JSON), by the official SDK. The SDK is loaded where
// it is asked for alone; it reads the standard variables OTEL_EXPORTER_OTLP_* and OTEL_RESOURCE_ATTRIBUTES itself.
import { randomBytes } from "node:crypto";
import { requireFetched } from "../../foundation/fetched-packages.ts";
import type { Log } from "../../protocol/ports.ts";
import { type Figure, otlpMetric } from "./otlp-figures.ts";

type Scalar = string | number | boolean;

/** Facts of a span or of an event in it. */
export type SpanFacts = Readonly<Record<string, Scalar>>;

/** A part of work that has begun. Times are in milliseconds since 1970. */
export interface OpenSpan {
  event(name: string, at: number, facts?: SpanFacts): void;
  child(name: string, at: number, facts?: SpanFacts): OpenSpan;
  end(at: number, facts?: SpanFacts & { readonly failed?: boolean }): void;
}

export interface OtlpOptions {
  /** Of the collector, such as http://127.0.0.1:4318; default: OTEL_EXPORTER_OTLP_ENDPOINT, else that one. */
  readonly endpoint?: string | undefined;
  /** Between two deliveries of figures. */
  readonly intervalMs: number;
  /** What tells this process from others, such as service.instance.id. */
  readonly resource: SpanFacts;
  readonly figures: () => Promise<readonly Figure[]>;
  readonly log: Log;
}

export interface OtlpSender {
  /** @param trace 16 bytes as hex; parties that give the same one are shown in one trace */
  span(name: string, trace: string, at: number, facts?: SpanFacts): OpenSpan;
  /** Sends what is left. */
  close(): Promise<void>;
}

/** A collector that does not answer holds up the end of a process no longer. */
const lastWordMs = 5_000;

/** @throws PACKAGE_MISSING */
export function requireOpenTelemetry() {
  const load = requireFetched("opentelemetry");
  return {
    api: load("@opentelemetry/api") as typeof import("@opentelemetry/api"),
    resources: load("@opentelemetry/resources") as typeof import("@opentelemetry/resources"),
    metrics: load("@opentelemetry/sdk-metrics") as typeof import("@opentelemetry/sdk-metrics"),
    traces: load("@opentelemetry/sdk-trace") as typeof import("@opentelemetry/sdk-trace"),
    ...(load(
      "@opentelemetry/exporter-metrics-otlp-http",
    ) as typeof import("@opentelemetry/exporter-metrics-otlp-http")),
    ...(load("@opentelemetry/exporter-trace-otlp-http") as typeof import("@opentelemetry/exporter-trace-otlp-http")),
  };
}

/** @throws PACKAGE_MISSING */
export function openOtlp({ endpoint, intervalMs, resource: own, figures, log }: OtlpOptions): OtlpSender {
  const { api, resources, metrics, traces, OTLPMetricExporter, OTLPTraceExporter } = requireOpenTelemetry();
  const base = endpoint?.replace(/\/+$/, "");
  const { envDetector } = resources;
  // What the operator's environment says of the process counts more.
  const resource = resources
    .resourceFromAttributes({ "service.name": "consilium", ...own })
    .merge(resources.detectResources({ detectors: [envDetector] }));
  const startedAt = Date.now();
  const told = (what: string) => {
    let isFailing = false;
    return ({ code }: { readonly code: number }) => {
      if (code !== 0 && !isFailing) log.warn("otlp-not-delivered", { what });
      isFailing = code !== 0;
    };
  };
  const producer = {
    async collect() {
      const listed = (await figures()).flatMap((figure) => otlpMetric(figure, startedAt, Date.now()) ?? []);
      const scopeMetrics = [{ scope: { name: "consilium" }, metrics: listed }];
      return { resourceMetrics: { resource, scopeMetrics }, errors: [] };
    },
  };
  const metricExporter = reporting(
    new OTLPMetricExporter(base === undefined ? {} : { url: `${base}/v1/metrics` }),
    told("figures"),
  );
  const reader = new metrics.PeriodicExportingMetricReader({
    ...{ exporter: metricExporter, metricProducers: [producer] },
    ...{ exportIntervalMillis: intervalMs, exportTimeoutMillis: Math.min(intervalMs, 10_000) },
  });
  const meters = new metrics.MeterProvider({ resource, readers: [reader] });
  const spanExporter = reporting(
    new OTLPTraceExporter(base === undefined ? {} : { url: `${base}/v1/traces` }),
    told("spans"),
  );
  let nextTrace = "";
  const tracers = new traces.TracerProvider({
    resource,
    spanProcessors: [new traces.BatchSpanProcessor({ exporter: spanExporter })],
    idGenerator: { generateTraceId: () => nextTrace, generateSpanId: () => randomBytes(8).toString("hex") },
  });
  const tracer = tracers.getTracer("consilium");
  const open = (name: string, at: number, facts: SpanFacts, parent = api.ROOT_CONTEXT): OpenSpan => {
    const span = tracer.startSpan(name, { startTime: at, attributes: facts }, parent);
    const within = api.trace.setSpan(api.ROOT_CONTEXT, span);
    return {
      event: (event, when, more = {}) => void span.addEvent(event, more, when),
      child: (child, when, more = {}) => open(child, when, more, within),
      end(when, { failed, ...more } = {}) {
        span.setAttributes(more);
        if (failed) span.setStatus({ code: api.SpanStatusCode.ERROR });
        span.end(when);
      },
    };
  };
  return {
    span(name, trace, at, facts = {}) {
      nextTrace = trace;
      return open(name, at, facts);
    },
    async close() {
      const work = Promise.allSettled([meters.shutdown(), tracers.shutdown()]);
      let timer: NodeJS.Timeout | undefined;
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, lastWordMs);
      });
      await Promise.race([work, limit]);
      clearTimeout(timer);
    },
  };
}

interface Exporter<Items> {
  export(items: Items, done: (result: { code: number }) => void): void;
}

/** The SDK keeps a failed delivery to itself. */
function reporting<Items, Of extends Exporter<Items>>(
  exporter: Of & Exporter<Items>,
  report: (result: { readonly code: number }) => void,
): Of {
  const deliver = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    deliver(items, (result) => {
      report(result);
      done(result);
    });
  return exporter;
}
