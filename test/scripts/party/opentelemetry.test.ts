// What a party sends to an OpenTelemetry collector: a real receiver of OTLP over HTTP on this machine.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { expect } from "chai";
import type { PartyEvent } from "../../../scripts/party/party-metrics.ts";
import { openTelemetry } from "../../../scripts/party/telemetry.ts";
import { FakeLog } from "../../fakes/party-ports.ts";

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface Point {
  readonly asDouble?: number;
  readonly attributes?: readonly Attribute[];
  readonly count?: number | string;
  readonly bucketCounts?: readonly (number | string)[];
}
interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: {
    readonly isMonotonic: boolean;
    readonly aggregationTemporality: number;
    dataPoints: readonly Point[];
  };
  readonly gauge?: { dataPoints: readonly Point[] };
  readonly histogram?: { dataPoints: readonly Point[] };
}
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly Attribute[];
  readonly events?: readonly { readonly name: string; readonly attributes?: readonly Attribute[] }[];
  readonly status: { readonly code: number };
}

const contract = `0x${"22".repeat(20)}`;
const hospital = `0x${"33".repeat(20)}`;
const aggregator = `0x${"44".repeat(20)}`;

describe("what a party sends to an OpenTelemetry collector", function () {
  this.timeout(20_000);
  let server: Server;
  let endpoint: string;
  let status: number;
  let bodies: { readonly path: string; readonly text: string }[];

  beforeEach(async () => {
    [status, bodies] = [200, []];
    server = createServer(async (request, response) => {
      let text = "";
      for await (const chunk of request) text += String(chunk);
      bodies.push({ path: request.url ?? "", text });
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const config = () => ({
    ...{ openTelemetry: { endpoint, intervalSeconds: 3600 }, store: tmpdir(), federation: { contract } },
  });
  /** Tells the events, and closes, which sends all. */
  const send = async (events: readonly PartyEvent[]) => {
    const log = new FakeLog();
    const telemetry = await openTelemetry(config(), log);
    for (const event of events) telemetry.event(event);
    telemetry.counting(log).warn("endpoint-failed");
    await telemetry.close();
    return { telemetry, log };
  };
  const parsed = (path: string) => bodies.filter((each) => each.path === path).map(({ text }) => JSON.parse(text));
  const resources = () => parsed("/v1/metrics").flatMap(({ resourceMetrics }) => resourceMetrics);
  const figures = (): readonly Metric[] =>
    resources().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }: { metrics: Metric[] }) => metrics));
  const spans = (): readonly Span[] =>
    parsed("/v1/traces").flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }: { scopeSpans: { spans: Span[] }[] }) =>
        scopeSpans.flatMap((scope) => scope.spans),
      ),
    );
  const seconds = ({ startTimeUnixNano, endTimeUnixNano }: Span) =>
    Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e9;

  const round: readonly PartyEvent[] = [
    { event: "ready", hospital },
    { event: "round-opened", hospital, round: 4 },
    { event: "training", hospital, round: 4, step: 1, steps: 2, loss: 0.5 },
    { event: "trained", hospital, round: 4, seconds: 12, loss: 0.25 },
    { event: "committed", hospital, round: 4 },
    { event: "collected", hospital, round: 4 },
    { event: "invalid-update", hospital, round: 4, code: "UPDATE_DIGEST" },
    { event: "collected", hospital, round: 4 },
    { event: "late", hospital, round: 4, members: ["a"] },
    { event: "scored", hospital, round: 4, auc: 0.8125 },
    { event: "attested", hospital, round: 4, agree: true, seconds: 2 },
    { event: "adopted", hospital, round: 4 },
  ];

  it("has the figures of /metrics under their names, with the party's address", async () => {
    const { telemetry } = await send(round);
    expect(telemetry.address).to.equal(undefined); // nothing is served for it
    const named = new Map(figures().map((each) => [each.name, each]));
    expect(named.get("consilium_update_collected_total")?.sum).to.deep.include({
      isMonotonic: true,
      aggregationTemporality: 2, // cumulative
    });
    expect(named.get("consilium_update_collected_total")?.sum?.dataPoints[0]?.asDouble).to.equal(2);
    expect(named.get("consilium_training_duration_seconds")).to.include({ unit: "s" });
    expect(named.get("consilium_training_duration_seconds")?.gauge?.dataPoints[0]?.asDouble).to.equal(12);
    const [invalid] = named.get("consilium_update_invalid_total")!.sum!.dataPoints;
    expect(invalid?.attributes).to.deep.equal([{ key: "code", value: { stringValue: "UPDATE_DIGEST" } }]);
    const logs = named.get("consilium_log_events_total")!.sum!.dataPoints;
    expect(JSON.stringify(logs)).to.include("endpoint-failed");
    for (const { histogram } of figures())
      for (const { count, bucketCounts = [] } of histogram?.dataPoints ?? [])
        expect(bucketCounts.reduce((sum: number, each) => sum + Number(each), 0)).to.equal(Number(count));
    expect(figures().some(({ histogram }) => histogram !== undefined)).to.equal(true);
    const about = JSON.stringify(resources()[0].resource.attributes);
    for (const fact of ["consilium", hospital, "service.version"]) expect(about).to.include(fact);
  });

  it("has a round as one trace for all parties, with its phases and their durations", async () => {
    await send(round);
    await send([
      { event: "round-opened", aggregator, round: 4 },
      { event: "proposed", aggregator, round: 4, seconds: 3 },
      { event: "final", aggregator, round: 4 },
      { event: "round-opened", aggregator, round: 5 },
      { event: "round-abandoned", aggregator, round: 5 },
    ]);
    const of4 = spans().filter(({ traceId }) => traceId === spans()[0]?.traceId);
    expect(of4.map(({ name }) => name).sort()).to.deep.equal(
      ["round 4", "round 4", "train", "commit", "collect", "propose", "vote"].sort(),
    );
    const named = new Map(of4.map((each) => [each.name, each]));
    expect(Math.round(seconds(named.get("train")!))).to.equal(12);
    expect(Math.round(seconds(named.get("vote")!))).to.equal(2);
    expect(Math.round(seconds(named.get("propose")!))).to.equal(3);
    const wholes = of4.filter(({ name }) => name === "round 4");
    expect(named.get("train")?.parentSpanId).to.equal(wholes.find(({ events = [] }) => events.length > 0)?.spanId);
    const told = wholes.flatMap(({ events = [] }) => events.map(({ name }) => name));
    expect(told).to.deep.equal(["invalid-update", "late"]);
    const abandoned = spans().find(({ name }) => name === "round 5");
    expect([abandoned?.status.code, abandoned?.traceId === of4[0]?.traceId]).to.deep.equal([2, false]);
  });

  it("tells no score", async () => {
    await send(round);
    expect(bodies.map(({ text }) => text).join("")).not.to.match(/auc|0\.8125/i);
  });

  it("warns once of a collector that takes nothing, and ends", async () => {
    status = 400;
    const { log } = await send(round);
    const warned = log.lines.filter(({ event }) => event === "otlp-not-delivered");
    expect(warned.map(({ facts }) => facts["what"]).sort()).to.deep.equal(["figures", "spans"]);
  });
});
