// FedAvg, FedProx and SCAFFOLD at hospitals of unlike labels, by local epochs and over several seeds.
import { meanInterval } from "../../foundation/statistics/mean-interval.ts";
import type { Estimate } from "../../foundation/statistics/proportion.ts";
import { dealPatients } from "../../imaging/shard/deal-patients.ts";
import type { StrategySpec } from "../../protocol/strategy/strategy-spec.ts";
import { lungHistogram, type Scan } from "../strategies/lung-histograms.ts";
import { type RoundScore, runSkewed } from "./skewed-federation.ts";

export interface SkewSetup {
  readonly hospitals: number;
  readonly trainingScans: number;
  readonly testScans: number;
  /** How strongly the disease shows: 1 as in life. */
  readonly signal: number;
  /** Of the Dirichlet distribution that deals each class over the hospitals. */
  readonly alpha: number;
  readonly localEpochs: readonly number[];
  readonly rounds: number;
  readonly seeds: readonly number[];
}

export interface SkewMethod {
  readonly name: string;
  readonly strategy: StrategySpec;
  readonly mu: number;
}

const common = { maxSharePermille: 1000, maxStaleness: 0 } as const;
const fedavg = { name: "fedavg", ...common } as const;
/** The first is what the others are compared with. */
export const skewMethods: readonly SkewMethod[] = [
  { name: "FedAvg", strategy: fedavg, mu: 0 },
  { name: "FedProx, mu 0.1", strategy: fedavg, mu: 0.1 },
  { name: "FedProx, mu 1", strategy: fedavg, mu: 1 },
  { name: "SCAFFOLD", strategy: { name: "scaffold", ...common, serverLearningRate: 1, controlClipNorm: 8 }, mu: 0 },
];

export interface SkewCell {
  readonly method: string;
  readonly localEpochs: number;
  /** After the last round: the mean over the seeds, and its interval. */
  readonly balancedAccuracy: Estimate;
  readonly auc: Estimate;
  /** The means of the differences to FedAvg of the same seed, and their intervals; NaN for FedAvg itself. */
  readonly change: Readonly<Record<keyof RoundScore, Estimate>>;
  readonly bySeed: readonly (readonly RoundScore[])[];
}

export interface SkewProgress {
  readonly done: number;
  readonly total: number;
  readonly note: string;
}

/** @throws what federations throw; PATIENTS_TOO_FEW */
export async function* runSkewStudy(setup: SkewSetup): AsyncGenerator<SkewProgress, readonly SkewCell[]> {
  const { localEpochs, rounds, seeds } = setup;
  const cells = localEpochs.flatMap((epochs) => skewMethods.map((method) => ({ method, epochs })));
  const found = cells.map((): RoundScore[][] => []);
  const total = seeds.length * cells.length;
  let done = 0;
  for (const seed of seeds) {
    const { shards, test } = await dealtScans(setup, seed);
    for (const [place, { method, epochs }] of cells.entries()) {
      yield { done: done++, total, note: `seed ${seed}, ${method.name}, ${epochs} local epochs` };
      const { strategy, mu } = method;
      found[place]!.push(await runSkewed({ shards, test, strategy, mu, localEpochs: epochs, rounds, seed }));
      await new Promise(setImmediate);
    }
  }
  return cells.map(({ method, epochs }, place) => {
    const bySeed = found[place]!;
    const plain = found[cells.findIndex((cell) => cell.epochs === epochs)]!;
    const last = (runs: readonly RoundScore[][], name: keyof RoundScore) => runs.map((scores) => scores.at(-1)![name]);
    const change = (name: keyof RoundScore) => {
      const before = last(plain, name);
      const isPlain = plain === bySeed;
      return meanInterval(last(bySeed, name).map((value, seed) => (isPlain ? Number.NaN : value - before[seed]!)));
    };
    return {
      method: method.name,
      localEpochs: epochs,
      balancedAccuracy: meanInterval(last(bySeed, "balancedAccuracy")),
      auc: meanInterval(last(bySeed, "auc")),
      change: { balancedAccuracy: change("balancedAccuracy"), auc: change("auc") },
      bySeed,
    };
  });
}

/** Hospitals' training scans and the test's, of one seed's population. */
async function dealtScans(
  { hospitals, trainingScans, testScans, alpha, signal }: SkewSetup,
  seed: number,
): Promise<{ shards: readonly (readonly Scan[])[]; test: readonly Scan[] }> {
  const scans: (Scan & { readonly patient: string; readonly split: "train" | "test" })[] = [];
  while (scans.length < trainingScans + testScans) {
    const index = scans.length;
    const split = index < trainingScans ? "train" : "test";
    scans.push({ ...lungHistogram(seed, index, signal), patient: String(index).padStart(6, "0"), split });
    await new Promise(setImmediate);
  }
  const training = scans.filter(({ split }) => split === "train");
  const shards = dealPatients(training, hospitals, { kind: "dirichlet", alpha, seed });
  return { shards, test: scans.filter(({ split }) => split === "test") };
}
