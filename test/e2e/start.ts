// The plan and the genesis model that a federation of real processes starts from.
import { genesisWeights } from "../../model/training/trainer.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { encodeSafetensors } from "../../protocol/format/safetensors.ts";
import { examplePlan } from "../fakes/federation.ts";
import { smallSpec, smallTraining } from "../model/small-scans.ts";

export interface Start {
  readonly rounds: number;
  /** False for a random walk of `length` weights. */
  readonly trains: boolean;
  readonly length: number;
  readonly changes: Partial<Plan>;
}

export function startOf({ rounds, trains, length, changes }: Start): { plan: Plan; genesis: Uint8Array } {
  // Real training takes 40 steps a round.
  const training = { ...smallTraining, batchSize: 2, localEpochs: 10 };
  const plan = examplePlan({ rounds, minUpdates: 2, ...(trains ? { model: smallSpec, training } : {}), ...changes });
  if (trains) return { plan, genesis: genesisWeights(plan) };
  const weights = Float32Array.from({ length }, (_, index) => (index % 17) / 17);
  return { plan, genesis: encodeSafetensors([{ name: "w", dtype: "F32", shape: [length], data: weights }]) };
}
