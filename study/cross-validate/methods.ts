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

/**
 * @param plan of the capsules; the CNN sees as many slices, and mirror images where they do
 * @param genesis the capsules' first model, in place of weights that each row and fold draws
 */
export function chosenMethods(
  options: CrossOptions,
  plan: Plan,
  set: TrainingSet,
  records: readonly ScanRecord[],
  genesis?: Uint8Array,
): Method[] {
  const [kind, alpha] = options.partition.split(":") as ["equal" | "dirichlet" | "scanner" | "size", string?];
  const partition = { kind, alpha: alpha === undefined ? undefined : Number(alpha) };
  const cnn = {
    side: Math.min(options.cnnSide, set.height, set.width),
    slices: plan.model.input.slices,
    epochs: options.cnnEpochs,
    mirror: plan.model.mirror === true,
    ...cnnTraining,
  };
  const { hospitals, stop } = options;
  const dealt = { hospitals, partition, deal: hospitalFolds(records, hospitals, partition), stop, genesis };
  const methods: Record<CrossOptions["rows"][number], () => Method[]> = {
    majority: () => [majority],
    logistic: () => [logistic],
    cnn: () => [smallInception(cnn)],
    compact: () => [centralCapsules(plan, dealt)],
    // The folds of `compact` by a plan that has this preset.
    standard: () => [{ ...centralCapsules(standardPlan(plan, set), dealt), name: "standard", sameAs: "compact" }],
    federated: () => [federatedCapsules(plan, dealt)],
    alone: () => Array.from({ length: hospitals }, (_, place) => aloneCapsules(plan, place, dealt)),
    shuffled: () => [shuffledLabels(centralCapsules(plan, dealt))],
  };
  const onceOnly = ["majority", "logistic"];
  return options.rows.flatMap((name) =>
    methods[name]().map((method) => (onceOnly.includes(name) ? method : averaged(method, options.trainings))),
  );
}

/** The plan with the network of the standard preset, of as many pixels as that takes and the scans have. */
function standardPlan(plan: Plan, { height, width }: TrainingSet): Plan {
  const side = Math.min(defaultPlan({ preset: "standard" }).model.input.height, height, width);
  const input = { ...plan.model.input, height: side, width: side };
  return { ...plan, model: { ...plan.model, preset: "standard", input } };
}
