// The default plan. Its values were chosen on the synthetic task (docs/model.md); a federation may change any of them.
import type { ModelSpec } from "./model-spec.ts";
import type { Plan } from "./plan.ts";

/** What a caller may choose about the default plan. */
export interface PlanChoices {
  /** The network; it also decides the defaults of input, batch, learning rate and `clipNorm`. Default: compact. */
  readonly preset?: ModelSpec["preset"];
  /** 32 bits; every random choice of training and rounding follows from it. Default: 7. */
  readonly seed?: number;
  /** Default: 8, or 16 of standard. */
  readonly rounds?: number;
  /** Passes over a hospital's scans in a round. Default: 4. */
  readonly localEpochs?: number;
  /** Slices that the network takes of a scan. Default: 8, or 64 of iv3. */
  readonly slices?: number;
  /** Rows of a slice. Default: 64, 128 of standard, 299 of iv3. */
  readonly height?: number;
  /** Columns of a slice. Default: 64, 128 of standard, 299 of iv3. */
  readonly width?: number;
  /** Window channels. Default: 1. */
  readonly channels?: number;
  /** Adds the decoder; off by default: it makes a compact model three times as large. */
  readonly reconstruction?: boolean;
}

/**
 * The differences of the presets: compact learns the synthetic task from tens of patients, standard sees twice its resolution
 * and learns as much only in twice the rounds (docs/baselines.md), iv3 is the paper's network.
 */
const presets = {
  compact: { side: 64, slices: 8, normalisation: "none", batchSize: 2, learningRate: 0.005, clipNorm: 8, rounds: 8 },
  standard: { side: 128, slices: 8, normalisation: "none", batchSize: 2, learningRate: 0.005, clipNorm: 8, rounds: 16 },
  iv3: { side: 299, slices: 64, normalisation: "group", batchSize: 1, learningRate: 0.001, clipNorm: 64, rounds: 8 },
} as const;

/**
 * No hospital has more than 40 % of the weight, whatever sample count it claims (docs/aggregation.md, "One hospital's
 * share"): below one half, so that no hospital alone outweighs all others, and above one third, so that it holds for three.
 */
const defaultSharePermille = 400;

/** A plan with the project's defaults for all that is not chosen. */
export function defaultPlan(choices: PlanChoices = {}): Plan {
  const { preset = "compact", seed = 7, localEpochs = 4, channels = 1, reconstruction = false } = choices;
  const { side, normalisation, batchSize, learningRate, clipNorm, ...own } = presets[preset];
  const { rounds = own.rounds, slices = own.slices, height = side, width = side } = choices;
  return {
    version: 1,
    model: {
      preset,
      input: { slices, height, width, channels },
      routing: { iterations: 3, variant: "sabour" },
      normalisation,
      reconstruction,
    },
    seed,
    training: {
      localEpochs,
      batchSize,
      optimiser: { name: "adam", learningRate },
      schedule: "cosine",
      classWeights: true,
      augmentation: true,
      proximalMu: 0,
    },
    update: { type: "I16", clipNorm, topFraction: 1, localTensors: [] },
    strategy: { name: "fedavg", maxSharePermille: defaultSharePermille, maxStaleness: 0 },
    sampleCap: 100_000,
    minUpdates: 2,
    rounds,
    evaluation: { split: "by-patient-stratified", validation: 0.15, test: 0.25 },
    software: "consilium",
  };
}
