// One round of ten idle hospitals and a model of two million parameters, from its opening until every hospital has adopted
// the average, beside a round of Flower's: the cost of a record that anyone can check.
import type { BenchResult } from "./result.ts";
import { compareWithFlower } from "./simulate/compare.ts";

const rounds = 5;

export async function run({ json }: { json: boolean }): Promise<BenchResult> {
  const size = { hospitals: 10, rounds, parameters: 2_098_176 };
  const { ours, peer } = await compareWithFlower(size, { report: !json });
  return {
    name: "round",
    unit: "seconds",
    ours: ours.roundsSeconds / rounds,
    peer: peer.roundsSeconds / rounds,
    peerName: "flwr run 1.38.0, 10 idle clients, 2,098,176 parameters",
    ratio: ours.roundsSeconds / peer.roundsSeconds,
    memoryRatio: ours.peakBytes / peer.peakBytes,
  };
}
