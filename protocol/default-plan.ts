// The plan that a federation starts with unless it chooses otherwise. Its values were chosen on the synthetic task
// (docs/model.md); everything in it is data, so a federation may change any of it.
import type { Plan } from "./plan.ts";

export interface PlanChoices {
  readonly preset?: "compact" | "iv3";
  readonly seed?: number;
  readonly rounds?: number;
  readonly localEpochs?: number;
  readonly slices?: number;
  readonly height?: number;
  readonly width?: number;
  /** Window channels. */
  readonly channels?: number;
}

export function defaultPlan(choices: PlanChoices = {}): Plan {
  const { preset = "compact", seed = 7, rounds = 5, localEpochs = 2, channels = 1 } = choices;
  const side = preset === "iv3" ? 299 : 64;
  const { slices = preset === "iv3" ? 64 : 12, height = side, width = side } = choices;
  return {
    version: 1,
    model: {
      preset,
      input: { slices, height, width, channels },
      routing: { iterations: 3, variant: "sabour" },
      normalisation: "group",
      reconstruction: false,
    },
    seed,
    training: {
      localEpochs,
      batchSize: preset === "iv3" ? 1 : 4,
      optimiser: { name: "adam", learningRate: 0.002 },
      schedule: "cosine",
      classWeights: true,
      augmentation: true,
      proximalMu: 0,
    },
    update: { type: "I16", clipNorm: 64, topFraction: 1, localTensors: [] },
    strategy: { name: "fedavg", maxSharePermille: 1000, maxStaleness: 0 },
    sampleCap: 100_000,
    minUpdates: 2,
    rounds,
    evaluation: { split: "by-patient-stratified", validation: 0.15, test: 0.25 },
    software: "consilium",
  };
}
