// Plans that are well formed and could not run: what their sections ask of each other. Checked before a federation starts;
// each would else stop the first round.
import type { Plan } from "../format/plan.ts";
import { bucketRules, fewestBuckets } from "../private/buckets.ts";
import { largestInteger } from "../update/integers.ts";
import { isBucketRule } from "./aggregate-buckets.ts";
import { needsOnlySum } from "./aggregate-sum.ts";
import { strategyOf } from "./registry.ts";

/** A reason why a plan that is well formed could not run. */
export interface PlanFault {
  /** The error that the first round would stop with. */
  readonly code:
    | "BUCKETS_TOO_SMALL"
    | "PRIVATE_PLAN_CONFLICT"
    | "STRATEGY_NEEDS_DENSE"
    | "STRATEGY_NEEDS_SGD"
    | "STRATEGY_NEEDS_UPDATES";
  /** What is wrong, for people. */
  readonly why: string;
  /** Which field to change, and to what. */
  readonly remedy: string;
}

/** Everything that a plan could not run with. */
export function planFaults(plan: Plan): PlanFault[] {
  const { strategy, update, training } = plan;
  const faults: PlanFault[] = [];
  if (strategyOf(strategy).combine && update.topFraction < 1) {
    faults.push({
      code: "STRATEGY_NEEDS_DENSE",
      why: `${strategy.name} takes the middle of each coordinate, which is 0 where most hospitals send nothing`,
      remedy: "plan for update.topFraction 1, or for a strategy that averages",
    });
  }
  if (strategy.name === "scaffold" && training.optimiser.name !== "sgd") {
    faults.push({
      code: "STRATEGY_NEEDS_SGD",
      why: "scaffold's control variates are means of gradients, which Adam rescales",
      remedy: "plan for training.optimiser sgd",
    });
  }
  return [...faults, ...privateFaults(plan), ...bucketFaults(plan), ...patientFaults(plan)];
}

/** With four hospitals, the fewest of a private round, so many updates are more than two thirds. */
export const fewestPrivateUpdates = 3;

/** What private sums do not go with: nobody sees a single update, nor may anyone. */
function privateFaults({ privacy, strategy, update, reports = [], rounds, minUpdates }: Plan): PlanFault[] {
  if (!privacy) return [];
  const faults: PlanFault[] = [];
  const refuse = (isWrong: boolean, why: string, remedy: string, code: PlanFault["code"] = "PRIVATE_PLAN_CONFLICT") => {
    if (isWrong) faults.push({ code, why, remedy });
  };
  const hidden = "STRATEGY_NEEDS_UPDATES";
  refuse(
    !needsOnlySum(strategy) && privacy.buckets === undefined,
    `${strategy.name} compares single updates, which are hidden`,
    "plan for strategy fedavg, fedavgm, fedadam, fedyogi or fedadagrad",
    hidden,
  );
  refuse(
    update.topFraction < 1,
    "which coordinates of a sparse update are not zero would say something about it",
    "plan for update.topFraction 1",
    hidden,
  );
  refuse(
    strategy.maxStaleness > 0,
    "a late update would have to be weighed anew, and masks are of one round",
    "plan for strategy.maxStaleness 0",
    hidden,
  );
  refuse(
    strategy.maxSharePermille < 1000,
    "hospitals weigh their updates before they mask them, when nobody knows the others' weights",
    "plan for strategy.maxSharePermille 1000: privacy.unitWeight bounds each weight",
  );
  refuse(reports.length > 0, `${reports.join(" and ")} would say something about one hospital`, "plan for no reports");
  refuse(
    privacy.largest > largestInteger[update.type],
    `${update.type} has no integer as large as privacy.largest`,
    "plan for a smaller privacy.largest, or a wider update.type",
  );
  refuse(
    minUpdates < fewestPrivateUpdates,
    "a sum of two updates shows each of two hospitals the other's",
    `plan for minUpdates ${fewestPrivateUpdates} or more`,
  );
  refuse(
    privacy.maxSeals < rounds,
    "each round opens a sum: the seals would end before the rounds do",
    "plan for privacy.maxSeals of at least rounds, with some for rounds that fail",
  );
  return faults;
}

/** The fewest updates of a round with buckets: more than two thirds of the fewest hospitals that it can be drawn of. */
export function fewestBucketUpdates(buckets: number): number {
  return Math.floor((2 * buckets * bucketRules.leastSize) / 3) + 1;
}

/** What buckets do not go with. */
function bucketFaults({ privacy, strategy, minUpdates }: Plan): PlanFault[] {
  const buckets = privacy?.buckets;
  if (buckets === undefined) return [];
  const faults: PlanFault[] = [];
  const refuse = (isWrong: boolean, why: string, remedy: string, code: PlanFault["code"] = "PRIVATE_PLAN_CONFLICT") => {
    if (isWrong) faults.push({ code, why, remedy });
  };
  refuse(
    !isBucketRule(strategy),
    `${strategy.name} is no robust rule over the buckets' means`,
    "plan for strategy median or trimmed-mean, or for no privacy.buckets",
  );
  const most = buckets - fewestBuckets(buckets);
  refuse(
    strategy.name === "trimmed-mean" && !(strategy.byzantine >= 1 && strategy.byzantine <= most),
    "a trimmed mean leaves out at least one bucket of each end, and keeps at least one",
    `plan for strategy.byzantine of 1 to ${most}, or for more privacy.buckets`,
  );
  const fewest = fewestBucketUpdates(buckets);
  refuse(
    minUpdates < fewest,
    `${buckets} buckets are of at least ${buckets * bucketRules.leastSize} hospitals, of which more than two thirds must take part`,
    `plan for minUpdates ${fewest} or more, or for fewer privacy.buckets`,
    "BUCKETS_TOO_SMALL",
  );
  refuse(
    privacy?.patient !== undefined,
    "all others of a bucket may be dishonest, so that each hospital would have to add the whole noise",
    "plan for no privacy.buckets, or for no privacy.patient",
  );
  return faults;
}

/** What differential privacy of single patients does not go with: anything that follows from data without noise. */
function patientFaults({ privacy, training, model, strategy, update, sampleCap }: Plan): PlanFault[] {
  if (!privacy?.patient) return [];
  const { clipNorm, integerNorm, noiseMultiplier } = privacy.patient;
  const { optimiser, batchSize, schedule, localEpochs, classWeights, proximalMu } = training;
  const faults: PlanFault[] = [];
  const refuse = (isWrong: boolean, why: string, remedy: string) => {
    if (isWrong) faults.push({ code: "PRIVATE_PLAN_CONFLICT", why, remedy });
  };
  const isPlain = optimiser.name === "sgd" && optimiser.momentum === 0 && proximalMu === 0;
  refuse(
    !isPlain || localEpochs !== 1 || schedule !== "constant",
    "with differential privacy a round is one step of plain SGD, at one rate",
    "plan for optimiser sgd, momentum 0, proximalMu 0, localEpochs 1 and schedule constant",
  );
  refuse(classWeights, "weights of classes follow from all patients' labels", "plan for training.classWeights false");
  refuse(
    model.normalisation === "batch-local" || update.localTensors.length > 0,
    "batch norm mixes patients, and tensors that stay at a hospital get no noise",
    "plan for model.normalisation none or group, and no update.localTensors",
  );
  refuse(
    privacy.unitWeight !== 1 || sampleCap !== 1,
    "how many scans a hospital has is said without noise, and would weigh its patients",
    "plan for privacy.unitWeight 1 and sampleCap 1",
  );
  refuse(
    noiseMultiplier * integerNorm < leastNoise,
    "noise of a few integers is no Gaussian any more",
    `plan for privacy.patient.noiseMultiplier times integerNorm of at least ${leastNoise}`,
  );
  refuse(
    update.clipNorm < clipNorm * batchSize,
    "a step of batchSize patients would be longer than update.clipNorm, and its round spoilt",
    "plan for an update.clipNorm of at least privacy.patient.clipNorm times training.batchSize",
  );
  refuse(
    strategy.name !== "fedavg",
    "optimisers on the server would take the noise of the sum for its size",
    "plan for strategy fedavg",
  );
  return faults;
}

/** With it each of 256 hospitals' shares, of which 86 must suffice, has a standard deviation of 8 and more. */
const leastNoise = 80;
