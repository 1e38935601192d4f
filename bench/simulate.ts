// A whole simulated federation with hospitals that do nothing, beside `flwr run` with clients that do nothing: ours with a
// chain, encrypted connections and an average that everybody checks; Flower's with none of these.
import type { BenchResult } from "./result.ts";
import { compareWithFlower } from "./simulate/compare.ts";

/** The last one is the headline. */
const sizes = [10, 50, 100];

export async function run({ json }: { json: boolean }): Promise<BenchResult> {
  let last: Awaited<ReturnType<typeof compareWithFlower>> | undefined;
  for (const hospitals of sizes) {
    last = await compareWithFlower({ hospitals, rounds: 5, parameters: 100_000 }, { report: !json });
  }
  const { ours, peer } = last as NonNullable<typeof last>;
  return {
    name: "simulate",
    unit: "seconds",
    ours: ours.wholeSeconds,
    peer: peer.wholeSeconds,
    peerName: `flwr run 1.38.0, ${sizes.at(-1)} idle clients, 5 rounds`,
    ratio: ours.wholeSeconds / peer.wholeSeconds,
    memoryRatio: ours.peakBytes / peer.peakBytes,
  };
}
