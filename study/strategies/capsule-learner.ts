// Hospitals with the project's network, trained and scored by the code of a hospital's trainer process.

import { scorePredictions, youdenThreshold } from "../../foundation/statistics/scores.ts";
import { genesisWeights, openTrainer } from "../../model/training/trainer.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import { type RoundId, zeroDigest } from "../../protocol/format/digest.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { trainingSeed } from "../../protocol/judge/round-context.ts";
import type { Learner } from "./attacked-federation.ts";
import { placeName } from "./average-round.ts";

export interface CapsuleSets {
  /** Training scans of each hospital. */
  readonly shards: readonly TrainingSet[];
  /** Patients who choose the threshold of every score, as a federation's honest hospitals would. */
  readonly validation: TrainingSet;
  readonly test: TrainingSet;
}

/** @param plan gives model, training and seed. Leaves no tensor behind. */
export function capsuleLearner({ shards, validation, test }: CapsuleSets, plan: Plan): Learner {
  const scorer = trainerOf({ train: test, validation, test });
  return {
    sampleCounts: shards.map(({ scans }) => scans.length),
    genesis: () => genesisWeights(plan),
    async train(base, { hospital, round, flipped }) {
      const own = shards[hospital] as TrainingSet;
      const train = flipped ? withFlippedLabels(own) : own;
      const seed = trainingSeed(plan, round, placeName(hospital));
      const learner = trainerOf({ train, validation, test });
      return (await learner.train({ plan, round: round as RoundId, base, seed })).weights;
    },
    async score(model) {
      const threshold = youdenThreshold(await scorer.predict({ plan, model, split: "validation" }));
      const { balancedAccuracy, auc } = scorePredictions(
        await scorer.predict({ plan, model, split: "test" }),
        threshold,
      );
      return { balancedAccuracy: balancedAccuracy.value, auc: auc.value };
    },
  };
}

function trainerOf(sets: Readonly<Record<"train" | "validation" | "test", TrainingSet>>) {
  const { length } = sets.train.scans;
  return openTrainer({
    shard: async () => ({ root: zeroDigest, quarantine: zeroDigest, trainScans: length }),
    split: async (_plan, split) => sets[split],
  });
}

function withFlippedLabels(set: TrainingSet): TrainingSet {
  return { ...set, scans: set.scans.map((scan) => ({ ...scan, label: (1 - scan.label) as 0 | 1 })) };
}
