// One federation of hospitals with unlike labels: the small network, trained locally by SGD with FedProx's term or SCAFFOLD's
// correction, through the real updates and strategies.
import { areaUnderCurve, type Prediction, scorePredictions } from "../../foundation/statistics/scores.ts";
import { gradientCorrection } from "../../model/training/control-variates.ts";
import type { StrategySpec } from "../../protocol/strategy/strategy-spec.ts";
import type { UpdateSpec } from "../../protocol/update/update-spec.ts";
import { averageRound, placeName } from "../strategies/average-round.ts";
import type { Scan } from "../strategies/lung-histograms.ts";
import { initialWeights, learningRate, predict, tensorsOf, train, weightsFile } from "../strategies/small-network.ts";
import { type Weights, weightsOf } from "../strategies/weight-vector.ts";

export interface SkewedFederation {
  /** Training scans of each hospital. */
  readonly shards: readonly (readonly Scan[])[];
  readonly test: readonly Scan[];
  readonly strategy: StrategySpec;
  /** FedProx's mu. */
  readonly mu: number;
  readonly localEpochs: number;
  readonly rounds: number;
  /** Of first weights and rounding. */
  readonly seed: number;
}

/** Of the test patients, at the threshold 0.5. */
export interface RoundScore {
  readonly balancedAccuracy: number;
  readonly auc: number;
}

const update: UpdateSpec = { type: "I16", clipNorm: 8, topFraction: 1, localTensors: [] };

/** @returns the scores after each round @throws what updates and strategies throw */
export async function runSkewed(federation: SkewedFederation): Promise<RoundScore[]> {
  const { shards, test, strategy, mu, localEpochs, rounds, seed } = federation;
  const plan = { seed, sampleCap: 1000, update, strategy };
  const residuals: (Uint8Array | undefined)[] = shards.map(() => undefined);
  let model = weightsFile(initialWeights(seed));
  const scores: RoundScore[] = [];
  for (let round = 1; round <= rounds; round++) {
    const base = weightsOf(model);
    const trained = shards.map((scans, hospital) => {
      const residual = residuals[hospital];
      const correction = strategy.name === "scaffold" ? correctionVector(model, residual) : undefined;
      return {
        name: placeName(hospital),
        weights: weightsFile(train(base, scans, { epochs: localEpochs, mu, correction })),
        sampleCount: scans.length,
        residual,
        unitMove: learningRate * localEpochs * scans.length,
      };
    });
    const averaged = await averageRound(plan, model, round, trained);
    for (const [hospital, { residual }] of averaged.updates.entries()) residuals[hospital] = residual;
    model = averaged.model;
    scores.push(scoreOf(weightsOf(model), test));
  }
  return scores;
}

function correctionVector(model: Uint8Array, residual: Uint8Array | undefined): Weights {
  const correction = gradientCorrection(model, residual);
  const parts = tensorsOf().map(({ name, length }) => correction.get(name) ?? new Float32Array(length));
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

function scoreOf(weights: Weights, test: readonly Scan[]): RoundScore {
  const predictions = test.map((scan, index): Prediction => {
    return { patient: String(index), label: scan.label, score: predict(weights, scan) };
  });
  return {
    balancedAccuracy: scorePredictions(predictions, 0.5).balancedAccuracy.value,
    auc: areaUnderCurve(predictions).value,
  };
}
