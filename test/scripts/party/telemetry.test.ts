// What a monitoring system reads of a party, over real HTTP.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openTelemetry, type Telemetry } from "../../../scripts/party/telemetry.ts";
import { FakeLog } from "../../fakes/party-ports.ts";
import { expectCode } from "../../suites/blob-store.ts";

interface Target {
  readonly expr: string;
  readonly datasource: { readonly uid: string };
}

const config = (listen: string) => ({
  ...{ telemetry: { listen }, store: tmpdir(), federation: { contract: `0x${"22".repeat(20)}` } },
});

const dashboard = join(import.meta.dirname, "../../../packaging/grafana/consilium.json");
const alerts = join(import.meta.dirname, "../../../packaging/prometheus/alerts.yml");

describe("the telemetry of a party", () => {
  let telemetry: Telemetry;
  beforeEach(async () => {
    telemetry = await openTelemetry(config("127.0.0.1:0"), new FakeLog());
  });
  afterEach(() => telemetry.close());

  const get = async (path: string) => {
    const response = await fetch(`http://${telemetry.address}${path}`);
    return { status: response.status, text: await response.text() };
  };
  /** Values by name and labels. */
  const figures = async () => {
    const { status, text } = await get("/metrics");
    expect(status).to.equal(200);
    const lines = text.split("\n").filter((line) => line.startsWith("consilium_"));
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]),
    );
  };
  const open = (seconds: number | undefined, members: number) =>
    telemetry.opened({
      ledger: {
        async chainTime() {
          if (seconds === undefined) throw new Error("no endpoint");
          return Date.now() / 1000 - seconds;
        },
      },
      network: { connectedMembers: () => Array.from({ length: members }, () => `0x${"11".repeat(20)}` as never) },
    });

  it("counts what its events tell, with the codes of what was refused", async () => {
    for (const event of [
      { event: "waiting-for-funds" },
      { event: "ready" },
      { event: "round-opened", round: 3 },
      { event: "trained", round: 3, seconds: 12.5, loss: 0.25 },
      { event: "committed", round: 3 },
      { event: "collected", round: 3 },
      { event: "collected", round: 3 },
      { event: "invalid-update", round: 3, code: "UPDATE_DIGEST" },
      { event: "attested", round: 3, agree: false },
      { event: "refused", round: 3, code: "MODEL_DIFFERS" },
      { event: "late", round: 3, members: ["a", "b"] },
      { event: "adopted", round: 3 },
      { event: "unheard-of" },
    ])
      telemetry.event(event);
    expect(await figures()).to.include({
      consilium_round_newest_number: 3,
      consilium_round_final_total: 1,
      consilium_round_late_members: 2,
      consilium_training_duration_seconds: 12.5,
      consilium_training_loss: 0.25,
      consilium_update_committed_total: 1,
      consilium_update_collected_total: 2,
      'consilium_update_invalid_total{code="UPDATE_DIGEST"}': 1,
      'consilium_vote_sent_total{agree="no"}': 1,
      'consilium_vote_refused_total{code="MODEL_DIFFERS"}': 1,
      consilium_party_waiting: 0,
    });
  });

  it("counts a hospital without gas as waiting until its peer key is bound", async () => {
    telemetry.event({ event: "waiting-for-peer-key" });
    expect(await figures()).to.include({ consilium_party_waiting: 1 });
    telemetry.event({ event: "ready" });
    expect(await figures()).to.include({ consilium_party_waiting: 0 });
  });

  it("counts warnings of every part of the log, and passes them on", async () => {
    const inner = new FakeLog();
    const log = telemetry.counting(inner).child("chain");
    log.warn("endpoint-failed");
    log.warn("endpoint-failed");
    log.error("no-funds");
    log.info("network-started");
    expect(await figures()).to.include({
      'consilium_log_events_total{level="warn",event="endpoint-failed"}': 2,
      'consilium_log_events_total{level="error",event="no-funds"}': 1,
    });
  });

  it("measures peers, chain and disk when it is asked, and shows nothing for what cannot be measured", async () => {
    expect((await figures())["consilium_store_free_bytes"]).to.be.greaterThan(0);
    expect((await figures())["consilium_network_connected_members"]).to.equal(undefined);
    open(30, 2);
    const { consilium_network_connected_members: members, consilium_chain_head_age_seconds: age } = await figures();
    expect([members, Math.round(age!)]).to.deep.equal([2, 30]);
    open(undefined, 2);
    expect((await figures())["consilium_chain_head_age_seconds"]).to.equal(undefined);
  });

  it("is alive at once, and ready when an endpoint answers and a member is connected", async () => {
    expect((await get("/livez")).status).to.equal(200);
    telemetry.event({ event: "waiting-for-admission" });
    expect(await get("/readyz")).to.deep.equal({ status: 503, text: "waiting-for-admission\n" });
    open(undefined, 0);
    expect(await get("/readyz")).to.deep.equal({
      status: 503,
      text: "no RPC endpoint answers\nno member is connected\n",
    });
    open(5, 1);
    expect((await get("/readyz")).status).to.equal(200);
  });

  it("serves nothing else", async () => {
    expect((await get("/")).status).to.equal(404);
    expect((await fetch(`http://${telemetry.address}/metrics`, { method: "POST" })).status).to.equal(405);
  });

  it("names a port that is taken", async () => {
    await expectCode(() => openTelemetry(config(telemetry.address!), new FakeLog()), "TELEMETRY_LISTEN_FAILED");
  });

  /** All figures, with the labels that they have once something happened. */
  const everything = async () => {
    open(5, 1);
    telemetry.event({ event: "invalid-update", code: "X" });
    telemetry.event({ event: "refused", code: "X" });
    telemetry.event({ event: "attested", agree: true });
    telemetry.counting(new FakeLog()).warn("x");
    return (await get("/metrics")).text;
  };
  const namesIn = (text: string) =>
    new Set([...text.matchAll(/\b(?:consilium|process|nodejs)_\w+/g)].map(([name]) => name));

  it("has every figure that the alerts ask for", async () => {
    const text = await everything();
    const names = namesIn(readFileSync(alerts, "utf8"));
    expect(names.size).to.be.greaterThan(5);
    for (const name of names) expect(text).to.match(new RegExp(`^${name}[ {]`, "m"));
  });

  it("has every figure that Grafana's dashboard shows, with its labels; the dashboard shows all of ours", async () => {
    const text = await everything();
    const { uid, panels, templating } = JSON.parse(readFileSync(dashboard, "utf8"));
    expect(uid).to.equal(undefined); // Grafana gives one: a fixed one would collide
    expect(templating.list[0]).to.include({ name: "datasource", type: "datasource", query: "prometheus" });
    const targets: Target[] = panels.flatMap((panel: { targets: Target[] }) => panel.targets);
    for (const { datasource } of targets) expect(datasource.uid).to.equal("$" + "{datasource}");
    const shown = namesIn(targets.map(({ expr }) => expr).join("\n"));
    for (const name of shown) expect(text, name).to.match(new RegExp(`^${name}[ {]`, "m"));
    const ours = [...text.matchAll(/^# TYPE (consilium_\w+)/gm)].map(([, name]) => name);
    expect([...shown]).to.include.members(ours);
    for (const { expr, legendFormat } of targets as (Target & { legendFormat: string })[]) {
      const [name] = namesIn(expr);
      const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      for (const label of labels.filter((each) => each !== "instance"))
        expect(text, `${name} ${label}`).to.match(new RegExp(`^${name}\\{[^}]*${label}=`, "m"));
    }
    const ids = panels.map(({ id }: { id: number }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
  });

  it("passes Prometheus's own checks of figures and alerts", async function () {
    this.timeout(20_000);
    if (spawnSync("promtool", ["--version"]).status !== 0) {
      console.log("skipped: promtool (Debian package prometheus) is not installed");
      return this.skip();
    }
    open(5, 1);
    const { text } = await get("/metrics");
    const own = text.replaceAll(/^(# (HELP|TYPE) )?(nodejs|process)_.*\n/gm, ""); // not our names
    const figures = spawnSync("promtool", ["check", "metrics"], { input: own, encoding: "utf8" });
    expect(figures.status, figures.stdout + figures.stderr).to.equal(0);
    const rules = spawnSync("promtool", ["check", "rules", alerts], { encoding: "utf8" });
    expect(rules.status, rules.stdout + rules.stderr).to.equal(0);
  });
});
