// Makes the methods that the command line names for a set of scans.
import type { ScanRecord } from "../../imaging/shard/shard-format.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { averaged } from "./averaged.ts";
import { centralCapsules, federatedCapsules } from "./capsules.ts";
import type { CrossOptions } from "./cross-options.ts";
import { hospitalFolds } from "./hospital-folds.ts";
import { logistic } from "./logistic.ts";
import { majority } from "./majority.ts";
import type { Method } from "./method.ts";
import { smallInception } from "./small-inception.ts";

const cnnTraining = { batchSize: 16, learningRate: 1e-3 };

export function chosenMethods(options: CrossOptions, set: TrainingSet, records: readonly ScanRecord[]): Method[] {
  // More pixels or slices than the scans have would only repeat them.
  const smaller = Math.min(set.height, set.width);
  const slices = Math.min(options.slices, Math.max(...set.scans.map((scan) => scan.slices)));
  const plan = capsulePlan(options, slices, Math.min(options.side, smaller), set.channels);
  const [kind, alpha] = options.partition.split(":") as ["equal" | "dirichlet" | "scanner" | "size", string?];
  const partition = { kind, alpha: alpha === undefined ? undefined : Number(alpha) };
  const cnn = {
    side: Math.min(options.cnnSide, smaller),
    slices,
    epochs: options.cnnEpochs,
    mirror: options.mirror,
    ...cnnTraining,
  };
  const methods: Record<CrossOptions["rows"][number], () => Method> = {
    majority: () => majority,
    logistic: () => logistic,
    cnn: () => averaged(smallInception(cnn), options.trainings),
    compact: () => averaged(centralCapsules(plan), options.trainings),
    federated: () => {
      const deal = hospitalFolds(records, options.hospitals, partition);
      return averaged(federatedCapsules(plan, options.hospitals, partition, deal), options.trainings);
    },
  };
  return options.rows.map((name) => methods[name]());
}

function capsulePlan(
  { rounds, localEpochs, batch, learningRate, normalisation, mirror, seed }: CrossOptions,
  slices: number,
  side: number,
  channels: number,
): Plan {
  const plan = defaultPlan({
    preset: "compact",
    seed,
    rounds,
    localEpochs,
    slices,
    height: side,
    width: side,
    channels,
  });
  return {
    ...plan,
    model: { ...plan.model, normalisation, ...(mirror && { mirror }) },
    training: { ...plan.training, batchSize: batch, optimiser: { name: "adam", learningRate } },
  };
}
