// Trains networks on the same patients and scores each on the same test patients, beside the majority class.

import { type ErrorFacts, FedError } from "../../foundation/errors.ts";
import { deriveSeed } from "../../foundation/random.ts";
import { type Prediction, type Scores, scorePredictions, youdenThreshold } from "../../foundation/statistics/scores.ts";
import { createNetwork } from "../../model/network/network.ts";
import { evaluate } from "../../model/training/evaluate.ts";
import { train } from "../../model/training/train.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import { zooNetwork } from "../../model/zoo/networks.ts";
import { predictZoo } from "../../model/zoo/predict-zoo.ts";
import { trainZoo } from "../../model/zoo/train-zoo.ts";
import { createZooModel } from "../../model/zoo/zoo-model.ts";
import type { Split } from "../../protocol/learner.ts";

/** The project's own network, in the same contest. */
export const capsules = "capsules";

export interface ContestOptions {
  readonly networks: readonly string[];
  readonly epochs: number;
  readonly slices: number;
  readonly seed: number;
  /** Safetensors by network. */
  readonly pretrained: ReadonlyMap<string, Uint8Array>;
}

export interface ContestRow {
  readonly name: string;
  readonly title: string;
  readonly parameters: number;
  /** Whether its backbone came from a file and was not trained. */
  readonly pretrained: boolean;
  readonly seconds: number;
  readonly scores: Scores;
}

export type Sets = Readonly<Record<Split, TrainingSet>>;

export type ContestEvent =
  | {
      readonly kind: "step";
      readonly network: string;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
    }
  | { readonly kind: "row"; readonly row: ContestRow };

const batchSize = 4;
const learningRate = 5e-4;
const capsuleLearningRate = 2e-3;

/** @throws CONTEST_SPLIT_EMPTY, CONTEST_ONE_CLASS, and what building and training throw */
export async function* contest(sets: Sets, options: ContestOptions): AsyncGenerator<ContestEvent> {
  check(sets);
  const networks = options.networks.map((name) => (name === capsules ? capsules : zooNetwork(name)));
  const { height, width, channels } = sets.train;
  const input = { slices: options.slices, height, width, channels };
  for (const network of networks) {
    const name = network === capsules ? capsules : network.name;
    const started = performance.now();
    const seed = deriveSeed(options.seed, "contest", name);
    const pretrained = options.pretrained.get(name);
    const entrant =
      network === capsules
        ? capsuleEntrant(input, options.epochs, seed)
        : zooEntrant(network, input, options.epochs, seed, pretrained);
    try {
      for await (const { step, steps, loss } of entrant.train(sets.train)) {
        yield { kind: "step", network: name, step, steps, loss };
      }
      const threshold = youdenThreshold(await entrant.predict(sets.validation));
      const scores = scorePredictions(await entrant.predict(sets.test), threshold);
      const seconds = (performance.now() - started) / 1000;
      const { title, parameters } = entrant;
      yield { kind: "row", row: { name, title, parameters, pretrained: pretrained !== undefined, seconds, scores } };
    } finally {
      entrant.dispose();
    }
  }
}

/** Always predicts the class that is more frequent in training. */
export function majorityRow({ train, test }: Sets): ContestRow {
  const positives = train.scans.filter(({ label }) => label === 1).length;
  const score = positives * 2 >= train.scans.length ? 1 : 0;
  const labels = new Map(test.scans.map(({ patient, label }) => [patient, label]));
  const predictions = [...labels].map(([patient, label]): Prediction => ({ patient, label, score }));
  const scores = scorePredictions(predictions, 0.5);
  return { name: "majority", title: "always the majority", parameters: 0, pretrained: false, seconds: 0, scores };
}

interface Entrant {
  readonly title: string;
  readonly parameters: number;
  train(data: TrainingSet): AsyncIterable<{ readonly step: number; readonly steps: number; readonly loss: number }>;
  predict(data: TrainingSet): Promise<Prediction[]>;
  dispose(): void;
}

type Input = Parameters<typeof createZooModel>[1];

function zooEntrant(
  network: ReturnType<typeof zooNetwork>,
  input: Input,
  epochs: number,
  seed: number,
  pretrained: Uint8Array | undefined,
): Entrant {
  const model = createZooModel(network, input, { seed, pretrained });
  return {
    title: network.title,
    parameters: model.parameterCount,
    train: (data) => trainZoo(model, data, { epochs, batchSize, learningRate, augmentation: true, seed }),
    predict: (data) => predictZoo(model, data),
    dispose: () => model.dispose(),
  };
}

/** The compact preset, all patients in one place. */
function capsuleEntrant(input: Input, epochs: number, seed: number): Entrant {
  const network = createNetwork(
    {
      preset: "compact",
      input,
      routing: { iterations: 3, variant: "sabour" },
      normalisation: "group",
      reconstruction: false,
    },
    seed,
  );
  const training = {
    localEpochs: epochs,
    batchSize,
    optimiser: { name: "adam", learningRate: capsuleLearningRate },
    schedule: "constant",
    classWeights: true,
    augmentation: true,
    proximalMu: 0,
    seed,
  } as const;
  return {
    title: "Consilium compact",
    parameters: network.parameterCount,
    train: (data) => train(network, data, training),
    predict: (data) => evaluate(network, data),
    dispose: () => network.dispose(),
  };
}

function check(sets: Sets): void {
  const remedy = "import more patients, so that each split has some of both classes";
  for (const [split, { scans }] of Object.entries(sets)) {
    const facts: ErrorFacts = { split, scans: scans.length };
    if (scans.length === 0) throw new FedError("CONTEST_SPLIT_EMPTY", facts, { remedy });
    if (new Set(scans.map(({ label }) => label)).size < 2) throw new FedError("CONTEST_ONE_CLASS", facts, { remedy });
  }
}
