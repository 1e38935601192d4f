// A plan from what was asked for: the default plan, or a given one, with the chosen fields changed.
import { FedError } from "../../foundation/errors.ts";
import { software } from "../../foundation/version.ts";
import { defaultPlan } from "../../protocol/format/default-plan.ts";
import type { Plan } from "../../protocol/format/plan.ts";
import { planFieldFaults } from "../../protocol/format/plan.ts";
import type { PrivacySpec } from "../../protocol/format/privacy-spec.ts";
import { fewestBucketUpdates, fewestPrivateUpdates, planFaults } from "../../protocol/strategy/plan-faults.ts";
import type { StrategyName, StrategySpec } from "../../protocol/strategy/strategy-spec.ts";
import { largestInteger } from "../../protocol/update/integers.ts";
import { asksForNoise, chosenNoise, noiseChoices, withPatients } from "./patient-choices.ts";
import { type PlanChoices, refuseOption } from "./plan-options.ts";

const adaptive = { serverLearningRate: 0.02, beta1: 0.9, beta2: 0.99, tau: 0.001 };
/** Each strategy's own parameters, with the values of a plan that names none. */
const ownParameters: Readonly<Record<StrategyName, Readonly<Record<string, number>>>> = {
  fedavg: {},
  fedavgm: { serverLearningRate: 1, momentum: 0.9 },
  fedadam: adaptive,
  fedyogi: adaptive,
  fedadagrad: { serverLearningRate: 0.02, tau: 0.001 },
  scaffold: { serverLearningRate: 1, controlClipNorm: 8 },
  median: {},
  "trimmed-mean": { byzantine: 1 },
  krum: { byzantine: 1 },
  "multi-krum": { byzantine: 1 },
  bulyan: { byzantine: 1 },
  "geometric-median": { iterations: 20 },
};
const strategyChoices = [
  ...["serverLearningRate", "serverMomentum", "beta1", "beta2", "tau", "controlClipNorm", "byzantine", "iterations"],
] as (keyof PlanChoices)[];
const sgd = { name: "sgd", learningRate: 0.05, momentum: 0.9, nesterov: false } as const;

/**
 * @param from a plan to start from; without it the default plan of the preset
 * @param command whose help an error names
 * @throws OPTION_INVALID, and the code of what the plan could not run with
 */
export function planFrom(choices: PlanChoices, from?: Plan, command = "plan"): Plan {
  const { preset, seed, rounds, localEpochs, reconstruction, slices, height, width, channels } = choices;
  const start = from ?? {
    ...defaultPlan({ preset, seed, rounds, localEpochs, reconstruction, slices, height, width, channels }),
    software,
  };
  const { privacy: before, ...open } = start;
  if (before?.patient === undefined && asksForNoise(choices, start)) {
    return planFrom(choices, withPatients(choices, start), command);
  }
  const privacy = chosenPrivacy(choices, start, command);
  const isMadePrivate = privacy !== undefined && before === undefined;
  const first = isMadePrivate ? { ...start.strategy, maxSharePermille: 1000 } : start.strategy;
  const buckets = before?.buckets === undefined ? privacy?.buckets : undefined;
  const rule = choices.strategy ?? (buckets === undefined ? undefined : "median");
  const strategy = chosenStrategy({ ...choices, strategy: rule }, first, command);
  const fewest = buckets === undefined ? fewestPrivateUpdates : fewestBucketUpdates(buckets);
  const least = isMadePrivate || buckets !== undefined ? Math.max(fewest, start.minUpdates) : undefined;
  const plan: Plan = {
    ...open,
    model: {
      ...start.model,
      ...given({ preset, normalisation: choices.normalisation, reconstruction, mirror: choices.mirror }),
      input: { ...start.model.input, ...given({ slices, height, width, channels }) },
      routing: {
        ...start.model.routing,
        ...given({ iterations: choices.routingIterations, variant: choices.routingVariant }),
      },
    },
    training: {
      ...start.training,
      ...given({
        localEpochs,
        batchSize: choices.batchSize,
        schedule: choices.schedule,
        classWeights: choices.classWeights,
        augmentation: choices.augmentation,
        proximalMu: choices.proximalMu,
      }),
      optimiser: chosenOptimiser(choices, start.training.optimiser, command),
    },
    update: {
      ...start.update,
      ...given({
        type: choices.updateType,
        clipNorm: choices.clipNorm,
        topFraction: choices.topFraction,
        localTensors: choices.localTensors,
      }),
    },
    strategy,
    evaluation: {
      ...start.evaluation,
      ...given({ validation: choices.validationShare, test: choices.testShare }),
    },
    ...given({ seed, rounds, sampleCap: choices.sampleCap, minUpdates: choices.minUpdates ?? least, privacy }),
  };
  const [fault] = planFieldFaults(plan);
  if (fault) refuseOption(optionOfField[fault.field] ?? fault.field, fault.why, command);
  const [unusable] = planFaults(plan);
  if (unusable) throw new FedError(unusable.code, {}, { remedy: unusable.remedy });
  return plan;
}

/** The options whose names are not those of their fields. */
const optionOfField: Readonly<Record<string, string>> = {
  "model.input.slices": "slices",
  "model.input.height": "height",
  "model.input.width": "width",
  "model.input.channels": "channels",
  "model.routing.iterations": "routingIterations",
  "training.localEpochs": "localEpochs",
  "training.batchSize": "batchSize",
  "training.optimiser.learningRate": "learningRate",
  "training.optimiser.momentum": "momentum",
  "training.proximalMu": "proximalMu",
  "update.clipNorm": "clipNorm",
  "update.topFraction": "topFraction",
  "update.localTensors": "localTensors",
  "evaluation.validation": "validationShare",
  "evaluation.test": "testShare",
  "strategy.momentum": "serverMomentum",
  "privacy.unitWeight": "unitWeight",
  "privacy.largest": "largest",
  "privacy.maxSeals": "maxSeals",
  "privacy.buckets": "buckets",
  "privacy.patient.noiseMultiplier": "noiseMultiplier",
  "privacy.patient.delta": "delta",
  "privacy.patient.samplingRate": "samplingRate",
  "privacy.patient.clipNorm": "patientClipNorm",
  "privacy.patient.integerNorm": "integerNorm",
  ...Object.fromEntries(
    ["maxSharePermille", "maxStaleness", ...strategyChoices].map((name) => [`strategy.${name}`, name]),
  ),
};

function chosenStrategy(choices: PlanChoices, start: StrategySpec, command: string): StrategySpec {
  const name = choices.strategy ?? start.name;
  const own = { ...ownParameters[name], ...(name === start.name ? start : {}) } as Record<string, unknown>;
  for (const choice of strategyChoices) {
    const value = choices[choice];
    if (value === undefined) continue;
    const field = choice === "serverMomentum" ? "momentum" : choice;
    if (!(field in ownParameters[name])) refuseOption(choice, `${name} has no such parameter`, command);
    own[field] = value;
  }
  const { maxSharePermille = start.maxSharePermille, maxStaleness = start.maxStaleness } = choices;
  return { ...own, name, maxSharePermille, maxStaleness } as StrategySpec;
}

function chosenOptimiser(
  choices: PlanChoices,
  start: Plan["training"]["optimiser"],
  command: string,
): Plan["training"]["optimiser"] {
  const { learningRate, momentum, nesterov } = choices;
  const name = choices.optimiser ?? (choices.strategy === "scaffold" ? "sgd" : start.name);
  if (name === "sgd") {
    return { ...(start.name === "sgd" ? start : sgd), ...given({ learningRate, momentum, nesterov }) };
  }
  if (momentum !== undefined || nesterov !== undefined) {
    refuseOption(momentum === undefined ? "nesterov" : "momentum", `adam has no such parameter`, command);
  }
  return { name, learningRate: learningRate ?? start.learningRate };
}

/** Hospitals with so many scans or more weigh the same. */
const usualUnitWeight = 128;
/** 12 bits: sums of up to 16 hospitals have room in 4 bytes a parameter. */
const usualLargest = 2047;

function chosenPrivacy(choices: PlanChoices, start: Plan, command: string): PrivacySpec | undefined {
  const { unitWeight, largest, maxSeals, buckets } = choices;
  const own = given({ unitWeight, largest, maxSeals, buckets });
  if (!(choices.private ?? start.privacy !== undefined)) {
    const [name] = Object.keys({ ...own, ...noiseChoices(choices) });
    if (name) refuseOption(name, "it is of private sums: give --private", command);
    return undefined;
  }
  const usual: PrivacySpec = {
    mode: "sum",
    unitWeight: usualUnitWeight,
    largest: Math.min(usualLargest, largestInteger[choices.updateType ?? start.update.type]),
    // One for each round, and as many again for rounds that fail after their seal.
    maxSeals: 2 * (choices.rounds ?? start.rounds),
  };
  const privacy = { ...usual, ...start.privacy, ...own };
  if (start.privacy?.patient)
    return { ...privacy, patient: chosenNoise(choices, start.privacy.patient, privacy, command) };
  const [name] = Object.keys(noiseChoices(choices));
  if (name) refuseOption(name, "it is of differential privacy: give --epsilon or --noise-multiplier", command);
  return privacy;
}

/** The fields that have a value. */
function given<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: NonNullable<Fields[Name]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
