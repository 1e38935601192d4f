// A training of one or two seconds in a real trainer process, for tests that kill it.
import { join } from "node:path";
import { genesisWeights } from "../../model/training/trainer.ts";
import { openTrainerProcess } from "../../node/learner-process.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import type { RoundId } from "../../protocol/format/digest.ts";
import type { Log } from "../../protocol/ports.ts";
import { smallSpec, smallTraining } from "../model/small-scans.ts";

const plan = {
  ...defaultPlan({ seed: 7 }),
  model: smallSpec,
  training: { ...smallTraining, augmentation: true, batchSize: 2, localEpochs: 10 }, // 40 steps
};

export const request = { plan, round: 1 as RoundId, base: genesisWeights(plan), seed: 3 };

export function openSmallTrainer(folder: string, log?: Log) {
  const entry = new URL("./processes/small-trainer.ts", import.meta.url);
  const trainer = openTrainerProcess({ entry, log });
  const checkpoint = { file: join(folder, "training.checkpoint"), everyMs: 0 };
  return { trainer, learner: trainer.learner({ shard: join(folder, "shard"), checkpoint }) };
}
