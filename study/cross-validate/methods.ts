// Makes the methods that the command line names for a set of scans.
import type { ScanRecord } from "../../imaging/shard/shard-format.ts";
import type { TrainingSet } from "../../model/training/training-set.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { averaged } from "./averaged.ts";
import { aloneCapsules, centralCapsules, federatedCapsules } from "./capsules.ts";
import type { CrossOptions } from "./cross-options.ts";
import { hospitalFolds } from "./hospital-folds.ts";
import { logistic } from "./logistic.ts";
import { majority } from "./majority.ts";
import type { Method } from "./method.ts";
import { shuffledLabels } from "./shuffled-labels.ts";
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
  const { hospitals } = options;
  const deal = hospitalFolds(records, hospitals, partition);
  const methods: Record<CrossOptions["rows"][number], () => Method[]> = {
    majority: () => [majority],
    logistic: () => [logistic],
    cnn: () => [smallInception(cnn)],
    compact: () => [centralCapsules(plan)],
    federated: () => [federatedCapsules(plan, hospitals, partition, deal)],
    alone: () =>
      Array.from({ length: hospitals }, (_, place) => aloneCapsules(plan, place, { hospitals, partition, deal })),
    shuffled: () => [shuffledLabels(centralCapsules(plan))],
  };
  const onceOnly = ["majority", "logistic"];
  return options.rows.flatMap((name) =>
    methods[name]().map((method) => (onceOnly.includes(name) ? method : averaged(method, options.trainings))),
  );
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
