// A federation of the small network, round after round through the real updates and strategies: clipped, rounded,
// verified, averaged on integers.
import { deriveSeed, type HospitalAddress } from "../../protocol/digest.ts";
import { decodeSafetensors, parseSafetensorsHeader } from "../../protocol/safetensors.ts";
import { areaUnderCurve, type Estimate, type Prediction, scorePredictions } from "../../protocol/scores.ts";
import { aggregateToBytes } from "../../protocol/strategy/aggregate.ts";
import type { StrategySpec } from "../../protocol/strategy/strategy-spec.ts";
import { memorySource } from "../../protocol/update/byte-source.ts";
import { makeUpdate } from "../../protocol/update/make-update.ts";
import type { UpdateSpec } from "../../protocol/update/update-spec.ts";
import { verifyUpdate } from "../../protocol/update/verify-update.ts";
import { type AttackName, attacks } from "./attackers.ts";
import type { Scan } from "./lung-histograms.ts";
import { initialWeights, predict, train, type Weights, weightsFile } from "./small-network.ts";

export interface Federation {
  /** Scans of each hospital; the attackers are the first ones. */
  readonly shards: readonly (readonly Scan[])[];
  readonly attackers: number;
  readonly attack: AttackName;
  readonly strategy: StrategySpec;
  readonly update: UpdateSpec;
  readonly rounds: number;
  readonly localEpochs: number;
  readonly seed: number;
}

export interface Outcome {
  readonly balancedAccuracy: Estimate;
  readonly auc: Estimate;
  /** Of one update's file. */
  readonly updateBytes: number;
}

/** Trains, and scores the last model on the test scans at the threshold 0.5. */
export async function runFederation(federation: Federation, test: readonly Scan[]): Promise<Outcome> {
  const { shards, attackers, attack, strategy, update, rounds, localEpochs, seed } = federation;
  const plan = { seed, sampleCap: 1000, update, strategy };
  let model = weightsFile(initialWeights(seed));
  let updateBytes = 0;
  const residuals: (Uint8Array | undefined)[] = shards.map(() => undefined);
  for (let round = 1; round <= rounds; round++) {
    const base = weightsOf(model);
    const deltas = shards.map((scans) => difference(train(base, scans, localEpochs), base));
    const honest = deltas.slice(attackers);
    for (let attacker = 0; attacker < attackers; attacker++) {
      const flipped = (shards[attacker] ?? []).map((scan) => ({ ...scan, label: (1 - scan.label) as 0 | 1 }));
      deltas[attacker] = attacks[attack]({
        honest,
        own: deltas[attacker] as Weights,
        flipped: difference(train(base, flipped, localEpochs), base),
        clipNorm: update.clipNorm,
        seed: deriveSeed(seed, "attack", attacker, round),
      });
    }
    const included = [];
    for (const [index, delta] of deltas.entries()) {
      const hospital = `0x${(index + 1).toString(16).padStart(40, "0")}` as HospitalAddress;
      const local = weightsFile(base.map((value, i) => value + (delta[i] as number)));
      const made = makeUpdate({ base: model, local, residual: residuals[index], plan, round, hospital });
      residuals[index] = made.residual;
      updateBytes = made.update.byteLength;
      const source = memorySource(made.update);
      await verifyUpdate(source, { base: parseSafetensorsHeader(model, model.byteLength), plan });
      included.push({ index, sampleCount: shards[index]?.length ?? 0, age: 0, source });
    }
    const input = { plan, base: memorySource(model), updates: included, memberCount: shards.length };
    model = (await aggregateToBytes(input)).model;
  }
  return { ...score(weightsOf(model), test), updateBytes };
}

/** The same training with float32 deltas and their float mean: what rounding is compared with. */
export function runInFloats(
  { shards, rounds, localEpochs, seed }: Pick<Federation, "shards" | "rounds" | "localEpochs" | "seed">,
  test: readonly Scan[],
): Omit<Outcome, "updateBytes"> {
  let weights = initialWeights(seed);
  for (let round = 1; round <= rounds; round++) {
    const trained = shards.map((scans) => train(weights, scans, localEpochs));
    weights = weights.map((_, i) => trained.reduce((sum, each) => sum + (each[i] as number), 0) / trained.length);
  }
  return score(weights, test);
}

function score(weights: Weights, test: readonly Scan[]): Omit<Outcome, "updateBytes"> {
  const predictions: Prediction[] = test.map((scan, index) => ({
    patient: String(index),
    label: scan.label,
    score: predict(weights, scan),
  }));
  const { balancedAccuracy } = scorePredictions(predictions, 0.5);
  return { balancedAccuracy, auc: areaUnderCurve(predictions) };
}

function weightsOf(model: Uint8Array): Weights {
  const own = decodeSafetensors(model).tensors.filter(({ name }) => !name.startsWith("server/"));
  return Float32Array.from(own.flatMap(({ data }) => [...data]));
}

function difference(after: Weights, before: Weights): Weights {
  return after.map((value, i) => value - (before[i] as number));
}
