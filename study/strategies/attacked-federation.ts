// Runs a federation with hostile hospitals through the real updates and strategies: clipped, rounded, verified and averaged
// on integers. The learner is an interface.
import { deriveSeed } from "../../foundation/random.ts";
import { isBucketRule } from "../../protocol/strategy/aggregate-buckets.ts";
import type { StrategySpec } from "../../protocol/strategy/strategy-spec.ts";
import type { UpdateSpec } from "../../protocol/update/update-spec.ts";
import { type AttackName, attacks } from "./attackers.ts";
import { averageRound, placeName } from "./average-round.ts";
import { sumRound } from "./sum-round.ts";
import { fileOf, type Weights, weightsOf } from "./weight-vector.ts";

/** Hospitals that train, and test patients. Files are models' safetensors. */
export interface Learner {
  /** Training scans of each hospital. */
  readonly sampleCounts: readonly number[];
  /** The first model. */
  genesis(): Uint8Array;
  /** The model after one hospital's training. */
  train(base: Uint8Array, at: TrainingPlace): Promise<Uint8Array>;
  score(model: Uint8Array): Promise<Score>;
}

export interface TrainingPlace {
  readonly hospital: number;
  /** From 1. */
  readonly round: number;
  /** Whether labels are swapped. */
  readonly flipped: boolean;
}

/** Of the test patients. */
export interface Score {
  readonly balancedAccuracy: number;
  readonly auc: number;
}

export interface Federation {
  readonly strategy: StrategySpec;
  readonly update: UpdateSpec;
  readonly rounds: number;
  /** Of rounding and of the attackers' noise. */
  readonly seed: number;
  /** The first hospitals; each knows every honest update. */
  readonly attackers: number;
  readonly attack: AttackName;
  /** Private sums: of as many buckets for a rule over these, else of all hospitals. Undefined: updates are read by everyone. */
  readonly buckets?: number | undefined;
}

export interface Outcome extends Score {
  /** Of one update's file. */
  readonly updateBytes: number;
}

/** Trains, and scores the last model. @throws what training, updates and strategies throw */
export async function runFederation(learner: Learner, federation: Federation): Promise<Outcome> {
  if (federation.buckets !== undefined) return runPrivately(learner, federation, federation.buckets);
  const { strategy, update, rounds, seed } = federation;
  const plan = { seed, sampleCap: 1000, update, strategy };
  const residuals = new Map<number, Uint8Array>();
  let model = learner.genesis();
  let updateBytes = 0;
  for (let round = 1; round <= rounds; round++) {
    const base = weightsOf(model);
    const deltas = await trainAll(learner, federation, { model, base, round });
    const trained = deltas.map((delta, hospital) => ({
      name: placeName(hospital),
      weights: fileOf(sum(base, delta), model),
      sampleCount: learner.sampleCounts[hospital]!,
      residual: residuals.get(hospital),
    }));
    const averaged = await averageRound(plan, model, round, trained);
    for (const [hospital, { bytes, residual }] of averaged.updates.entries()) {
      residuals.set(hospital, residual);
      updateBytes = bytes;
    }
    model = averaged.model;
  }
  return { ...(await learner.score(model)), updateBytes };
}

/** The integers of the study are of twelve bits, as `consilium plan --private` has them. */
const privacy = { mode: "sum", unitWeight: 16, largest: 2047, maxSeals: 1000 } as const;
/** Of the longest update that does not spoil its sum: the others of the sum have a length too. */
const unnoticed = 0.75;

async function runPrivately(learner: Learner, federation: Federation, buckets: number): Promise<Outcome> {
  const { strategy, update, rounds, seed, attackers } = federation;
  const isOfBuckets = isBucketRule(strategy);
  const plan = { update, strategy, privacy: isOfBuckets ? { ...privacy, buckets } : privacy };
  const summed = Math.floor(learner.sampleCounts.length / (isOfBuckets ? buckets : 1));
  let model = learner.genesis();
  for (let round = 1; round <= rounds; round++) {
    const base = weightsOf(model);
    // Nobody sees a masked update: its norm is bounded by that of the whole sum alone.
    const reach = { ...update, clipNorm: update.clipNorm * unnoticed * summed };
    const deltas = await trainAll(learner, { ...federation, update: reach }, { model, base, round });
    const trained = deltas.map((delta, hospital) => ({
      weights: fileOf(sum(base, delta), model),
      sampleCount: learner.sampleCounts[hospital]!,
      isHostile: hospital < attackers && federation.attack !== "none",
    }));
    model = await sumRound({ plan, seed, round, base: model }, trained);
  }
  return { ...(await learner.score(model)), updateBytes: 0 };
}

/** The same training with float32 weights and their mean, without attackers: the reference for rounding. */
export async function runInFloats(learner: Learner, rounds: number): Promise<Score> {
  let model = learner.genesis();
  for (let round = 1; round <= rounds; round++) {
    const trained: Weights[] = [];
    for (const hospital of learner.sampleCounts.keys()) {
      trained.push(weightsOf(await learner.train(model, { hospital, round, flipped: false })));
    }
    const mean = weightsOf(model).map((_, i) => trained.reduce((all, each) => all + each[i]!, 0) / trained.length);
    model = fileOf(mean, model);
  }
  return learner.score(model);
}

/** @returns each hospital's delta, in order */
async function trainAll(
  { sampleCounts, train }: Learner,
  { attackers, attack, update, seed }: Federation,
  { model, base, round }: { model: Uint8Array; base: Weights; round: number },
): Promise<Weights[]> {
  const deltaOf = async (hospital: number, flipped: boolean) =>
    difference(weightsOf(await train(model, { hospital, round, flipped })), base);
  const honest: Weights[] = [];
  for (let hospital = attackers; hospital < sampleCounts.length; hospital++)
    honest.push(await deltaOf(hospital, false));
  const hostile: Weights[] = [];
  for (let attacker = 0; attacker < attackers; attacker++) {
    const { trainsOn, delta } = attacks[attack];
    const own = trainsOn === "nothing" ? new Float32Array() : await deltaOf(attacker, trainsOn === "flipped labels");
    const knowledge = { honest, own, clipNorm: update.clipNorm, seed: deriveSeed(seed, "attack", attacker, round) };
    hostile.push(delta(knowledge));
  }
  return [...hostile, ...honest];
}

function difference(after: Weights, before: Weights): Weights {
  return after.map((value, i) => value - before[i]!);
}

function sum(first: Weights, second: Weights): Weights {
  return first.map((value, i) => value + second[i]!);
}
