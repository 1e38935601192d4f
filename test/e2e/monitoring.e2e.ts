// What an operator sees of a real node: the doctor before it runs and while it runs, its health, and its figures.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Finding } from "../../scripts/doctor/finding.ts";
import { freePorts } from "../../scripts/simulate/free-ports.ts";
import { until } from "../io/p2p/federation-of-peers.ts";
import { RealFederation } from "./real-federation.ts";

const commandLine = fileURLToPath(new URL("../../scripts/consilium.ts", import.meta.url));

/** What the doctor finds, by check. */
function doctor(config: string): Promise<Map<string, Finding>> {
  const args = ["--disable-warning=ExperimentalWarning", commandLine, "doctor", "--config", config, "--json"];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, (_error, stdout, stderr) => {
      if (stdout === "") return reject(new Error(stderr));
      resolve(new Map((JSON.parse(stdout) as Finding[]).map((each) => [each.check, each])));
    });
  });
}

describe("a node as its operator sees it", function () {
  this.timeout(300_000);
  let federation: RealFederation;
  let name: string;
  let port: number;
  let collector: Server;
  let traces = "";

  before(async () => {
    federation = await RealFederation.found({ hospitals: 3, rounds: 2 });
    name = federation.hospitals[0]!.name;
    [port] = (await freePorts(1)) as [number];
    const file = federation.configOf(name);
    const config = JSON.parse(await readFile(file, "utf8"));
    await writeFile(file, JSON.stringify({ ...config, telemetry: { listen: `127.0.0.1:${port}` } }));
    collector = createServer(async (request, response) => {
      let text = "";
      for await (const chunk of request) text += String(chunk);
      if (request.url === "/v1/traces") traces += text;
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    }).listen(0, "127.0.0.1");
    await once(collector, "listening");
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    for (const { name } of [federation.hospitals[0]!, federation.hospitals[1]!, federation.aggregator])
      await federation.configure(name, { openTelemetry: { endpoint, intervalSeconds: 1 } });
  });
  after(async () => {
    await federation.stop();
    collector.closeAllConnections();
    collector.close();
  });

  it("is examined before it runs, serves its health and figures, and is left alone by the doctor while it runs", async () => {
    const before = await doctor(federation.configOf(name));
    for (const check of ["configuration", "keystore", "peer key", "contract", "member", "funds", "listen", "clock"])
      expect(before.get(check)?.state, check).to.equal("good");
    expect(before.get("peers")?.state).to.equal("bad"); // nobody runs yet
    await federation.start();
    await federation.untilAdopted(2);
    const get = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, text: await response.text() };
    };
    expect((await get("/livez")).status).to.equal(200);
    expect(await get("/readyz")).to.deep.equal({ status: 200, text: "ok\n" });
    const { text } = await get("/metrics");
    for (const line of [
      /^consilium_round_newest_number 2$/m,
      /^consilium_round_final_total 2$/m,
      /^consilium_update_committed_total 2$/m,
      /^consilium_vote_sent_total\{agree="yes"\} 2$/m,
      /^consilium_network_connected_members [1-3]$/m,
      /^consilium_chain_head_age_seconds /m,
    ])
      expect(text).to.match(line);
    // Three parties tell of the first round in one trace; spans are sent some seconds after their end.
    const spans = () => [...traces.matchAll(/"traceId":"(\w+)"[^{}]*?"name":"round 1"/g)].map(([, trace]) => trace);
    await until(() => spans().length >= 3);
    expect(new Set(spans()).size).to.equal(1);
    for (const phase of ["train", "commit", "collect", "propose", "vote"])
      expect(traces).to.include(`"name":"${phase}"`);
    const during = await doctor(federation.configOf(name));
    expect(during.get("network")?.state).to.equal("note");
    expect(during.has("listen")).to.equal(false);
  });
});
