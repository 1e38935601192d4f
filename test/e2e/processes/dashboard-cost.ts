// A party's page at which nobody looks: prints what it costs. The libraries that a node has loaded anyway are loaded first.
import { setTimeout as delay } from "node:timers/promises";
import { parseHospitalConfig } from "../../../node/config.ts";
import "../../../node/hospital-node.ts";
import { Lookout } from "../../../scripts/dashboard/lookout.ts";

const [store = "."] = process.argv.slice(2);
const memory = () => {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().rss;
};
const federation = { chainId: 1, contract: `0x${"11".repeat(20)}`, fromBlock: 0 };
const config = parseHospitalConfig(
  {
    ...{ federation, chain: { endpoints: ["http://127.0.0.1:1"] }, keys: { keystore: "k", peerKey: "p" } },
    ...{ store, shard: "shard", dashboard: { listen: "127.0.0.1:0" } },
  },
  { baseDir: store },
);
await delay(500);
const before = memory();
const { openPartyDashboard } = await import("../../../scripts/dashboard/party-dashboard.ts");
const page = await openPartyDashboard(config, new Lookout(config));
const started = process.cpuUsage();
const begun = performance.now();
// A minute of a busy hospital: 50 training steps a second.
for (let step = 1; step <= 3_000; step++)
  page.event({
    event: "training",
    hospital: `0x${"22".repeat(20)}`,
    round: 1 + (step >> 8),
    step,
    steps: 3_000,
    loss: 1,
  });
const { user, system } = process.cpuUsage(started);
const idle = process.cpuUsage();
await delay(2_000);
const rested = process.cpuUsage(idle);
const after = memory();
await page.close();
const cost = {
  memoryMiB: (after - before) / 2 ** 20,
  /** Of one core: a minute's events, and rest. */
  eventsShare: (user + system) / 1e6 / 60,
  idleShare: (rested.user + rested.system) / 1e6 / 2,
  tookMs: performance.now() - begun,
};
process.stdout.write(JSON.stringify(cost));
