// How fast an announcement reaches every member, against gossipsub as it comes. The peer's default scores cut off more
// than ten peers of one address, as simulations and hospitals behind one gateway are: with 10 peers both deliver, with
// more the defaults lose messages, and the time until everybody knows has no end. Both are compared where both deliver.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BenchResult } from "./result.ts";

const execute = promisify(execFile);
const swarm = fileURLToPath(new URL("./gossip/swarm.ts", import.meta.url));
const messages = 40;
/** The first is the headline. */
const sizes = [10, 24];
/** Swarms of each kind, one after the other; the fastest counts (other work on the machine only ever adds). */
const repeats = 3;

interface Delivery {
  /** Seconds from publishing to a member's listener: of half of the deliveries, and of all but a hundredth. */
  readonly median: number;
  readonly late: number;
  /** Share of deliveries that came. */
  readonly arrived: number;
  readonly peakBytes: number;
}

/** The headline is the time within which half of the deliveries came, among 10 peers; memory is a whole swarm's peak. */
export async function run(): Promise<BenchResult> {
  let headline: BenchResult | undefined;
  for (const peers of sizes) {
    const found: { plain: Delivery[]; ours: Delivery[] } = { plain: [], ours: [] };
    for (let repeat = 0; repeat < repeats; repeat++) {
      found.plain.push(await measure("plain", peers));
      found.ours.push(await measure("ours", peers));
    }
    const [plain, ours] = [fastest(found.plain), fastest(found.ours)];
    headline ??= {
      name: "gossip",
      unit: "seconds",
      ours: ours.median,
      peer: plain.median,
      peerName: "gossipsub by default",
      ratio: ours.median / plain.median,
      memoryRatio: ours.peakBytes / plain.peakBytes,
    };
  }
  return headline as BenchResult;
}

function fastest(deliveries: readonly Delivery[]): Delivery {
  return deliveries.reduce((best, each) => (each.median < best.median ? each : best));
}

async function measure(kind: "ours" | "plain", peers: number): Promise<Delivery> {
  const { stdout } = await execute(process.execPath, [swarm, kind, String(peers), String(messages)]);
  const delivery = JSON.parse(stdout) as Delivery;
  const { median, late, arrived, peakBytes } = delivery;
  const times = `median ${(median * 1e3).toFixed(1)} ms, 99 % within ${(late * 1e3).toFixed(1)} ms`;
  const memory = `peak ${(peakBytes / 2 ** 20).toFixed(0)} MiB`;
  console.error(`${peers} peers, ${kind}: ${(arrived * 100).toFixed(1)} % delivered, ${times}, ${memory}`);
  return delivery;
}
