// Gas of a hospital's contribution: ours against the usual way, measured in one run, beside the figures others published.
import { table } from "../scripts/terminal/table.ts";
import { measureGas } from "./gas/measure.ts";
import { measurePeer } from "./gas/peer.ts";
import type { BenchResult } from "./result.ts";

/** By the authors of each; not measured here. */
const published = [
  ["ChainLearn, submitUpdate", 252_464],
  ["PQBFL, UpdateModel (configured by its authors)", 235_000],
  ["LorenzoCassano, send_weights", 128_574],
] as const;

const sizes = [3, 10, 20, 50, 100, 256];
const comparedSize = 10;

export async function run({ json }: { json: boolean }): Promise<BenchResult> {
  const stored = await measurePeer(comparedSize);
  const { rounds, relayed, firstRound } = await measureGas(sizes);
  const compared = rounds[comparedSize];
  if (!compared) throw new Error("not measured");
  const ours = compared.commitment;
  // The cheapest of all, by any author.
  const peers = [["contribution stored on chain, measured here", stored], ...published] as const;
  const [peerName, peer] = peers.reduce((best, each) => (each[1] < best[1] ? each : best));
  if (!json) {
    const share = (gas: number) => (ours / gas).toFixed(2);
    console.error(
      table(
        ["one contribution", "gas", "ours is"],
        [
          ["Consilium, direct", ours, ""],
          ["Consilium, relayed with 20", relayed[20] ?? 0, ""],
          ...peers.map(([name, gas]) => [name, gas, share(gas)]),
        ],
      ),
    );
    const growth = Object.entries(rounds).map(([size, gas]) => [
      size,
      gas.commitment,
      relayed[size] ?? 0,
      gas.attestation,
      gas.toFinal,
      gas.withAllAttestations,
      Math.round(gas.withAllAttestations / Number(size)),
    ]);
    const header = ["hospitals", "direct", "relayed each", "attestation", "to final", "all attest", "each"];
    console.error(`\n${table(header, growth)}\n\nthe very first round of ten, on empty storage: ${firstRound.toFinal}`);
  }
  return { name: "gas", unit: "gas", ours, peer, peerName, ratio: ours / peer, memoryRatio: null };
}
