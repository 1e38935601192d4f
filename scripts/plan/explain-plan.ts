// A plan in words, for the people who agree to it.
import type { Plan } from "../../protocol/format/plan.ts";
import type { PrivacySpec } from "../../protocol/format/privacy-spec.ts";
import { bucketRules } from "../../protocol/private/buckets.ts";
import { privacyCost, showEpsilon } from "../../protocol/private/privacy-cost.ts";
import { requiredUpdates } from "../../protocol/strategy/registry.ts";
import type { StrategySpec } from "../../protocol/strategy/strategy-spec.ts";

/** A line for each thing that the plan decides. */
export function explainPlan(plan: Plan): [topic: string, text: string][] {
  const { model, training, update, strategy } = plan;
  const { slices, height, width, channels } = model.input;
  const windows = channels === 1 ? "one window" : `${channels} windows`;
  const least = Math.max(plan.minUpdates, requiredUpdates(strategy));
  return [
    [
      "network",
      `${model.preset}: ${slices} slices of ${height} x ${width} pixels, ${windows}; ${normalisations[model.normalisation]}`,
    ],
    [
      "capsules",
      `${model.routing.iterations} routing iterations (${model.routing.variant})${model.reconstruction ? ", with a decoder that draws the scan" : ""}`,
    ],
    plan.privacy?.patient
      ? [
          "training",
          `${plan.rounds} rounds of one step each, over a secret sample of a hospital's patients, counted as ${training.batchSize}`,
        ]
      : [
          "training",
          `${plan.rounds} rounds of ${training.localEpochs} local epochs, ${training.batchSize} scans a step`,
        ],
    ["optimiser", `${optimiserText(training.optimiser)}, ${schedules[training.schedule]}`],
    ["loss", lossText(training)],
    ["scans", scansText(plan)],
    [
      "update",
      `${update.topFraction === 1 ? "all" : `the largest ${percent(update.topFraction)} of the`} coordinates as ${update.type}, of L2 norm up to ${update.clipNorm}`,
    ],
    ...(update.localTensors.length > 0
      ? [["local", `tensors named ${update.localTensors.join(", ")} stay at the hospital`] as [string, string]]
      : []),
    ["strategy", strategyText(strategy)],
    ["influence", influenceText(plan)],
    [
      "late",
      strategy.maxStaleness === 0
        ? "late updates are not taken"
        : `updates up to ${strategy.maxStaleness} rounds late are taken, at weight / (1 + age)`,
    ],
    ...(plan.privacy ? [["privacy", privacyText(plan.privacy)] as [string, string]] : []),
    ...(plan.privacy?.buckets ? [["buckets", bucketsText(plan.privacy.buckets)] as [string, string]] : []),
    ...(plan.privacy?.patient ? [["epsilon", patientText(plan.privacy)] as [string, string]] : []),
    ["round", `needs ${least} valid updates, or it is abandoned`],
    [
      "patients",
      `split by patient: ${percent(plan.evaluation.validation)} choose thresholds, ${percent(plan.evaluation.test)} are held out`,
    ],
    ["seed", `${plan.seed}: the same data and seed give the same model, to the bit`],
    ["software", plan.software],
  ];
}

function privacyText({ unitWeight, largest, maxSeals, buckets }: PrivacySpec): string {
  const most = buckets === undefined ? `${maxSeals}` : `of ${maxSeals} rounds`;
  return `private sums: only sums of updates are opened, ${most} at most; ${unitWeight} scans or more weigh 1, integers up to ${largest}`;
}

function bucketsText(buckets: number): string {
  const hospitals = buckets * bucketRules.leastSize;
  return `${buckets} groups are drawn of a round's hospitals, ${hospitals} or more; each has a sum of its own, and the strategy is over their means`;
}

/** What differential privacy a plan gives patients, and its cost. */
function patientText(privacy: PrivacySpec): string {
  const cost = privacyCost(privacy, privacy.maxSeals)!;
  const { samplingRate, noiseMultiplier } = cost;
  return `epsilon ${showEpsilon(cost.epsilon)} at delta ${cost.delta} after ${privacy.maxSeals} sums; each is of ${percent(samplingRate)} of the patients, with noise of ${noiseMultiplier} times one's largest part`;
}

const normalisations = {
  none: "no normalisation",
  group: "group norm",
  "batch-local": "batch norm that stays at the hospital (FedBN)",
} as const;
const schedules = { constant: "constant", cosine: "falling by a cosine over the rounds" } as const;

function optimiserText(optimiser: Plan["training"]["optimiser"]): string {
  if (optimiser.name === "adam") return `Adam at ${optimiser.learningRate}`;
  const { learningRate, momentum, nesterov } = optimiser;
  if (momentum === 0) return `SGD at ${learningRate}`;
  return `SGD at ${learningRate} with ${nesterov ? "Nesterov's " : ""}momentum ${momentum}`;
}

function scansText({ model, training }: Plan): string {
  const changes = training.augmentation ? "shifted, turned, scaled and brightened at random" : "as they are";
  return model.mirror ? `${changes}; mirror images too, and scores are the mean of both` : changes;
}

function lossText({ classWeights, proximalMu }: Plan["training"]): string {
  const weights = classWeights ? "weighted by inverse class frequency" : "all scans alike";
  return proximalMu > 0 ? `${weights}; held near the base model by ${proximalMu} (FedProx)` : weights;
}

function strategyText(strategy: StrategySpec): string {
  switch (strategy.name) {
    case "fedavg":
      return "fedavg: the mean of the updates, weighted by samples";
    case "fedavgm":
      return `fedavgm: the weighted mean drives a momentum of ${strategy.momentum}, rate ${strategy.serverLearningRate}`;
    case "fedadam":
    case "fedyogi":
      return `${strategy.name}: the weighted mean drives an adaptive step, rate ${strategy.serverLearningRate}, beta ${strategy.beta1} and ${strategy.beta2}, tau ${strategy.tau}`;
    case "fedadagrad":
      return `fedadagrad: the weighted mean drives an adaptive step, rate ${strategy.serverLearningRate}, tau ${strategy.tau}`;
    case "scaffold":
      return `scaffold: gradients are corrected by control variates, whose change has a norm up to ${strategy.controlClipNorm}; rate ${strategy.serverLearningRate}`;
    case "median":
      return "median: the middle of the updates, coordinate by coordinate";
    case "trimmed-mean":
      return `trimmed-mean: without the ${strategy.byzantine} smallest and largest of each coordinate`;
    case "krum":
      return `krum: the one update nearest to its neighbours, of which ${strategy.byzantine} may be hostile`;
    case "multi-krum":
      return `multi-krum: the mean of the updates nearest to their neighbours, of which ${strategy.byzantine} may be hostile`;
    case "bulyan":
      return `bulyan: the middle of the updates nearest to their neighbours, of which ${strategy.byzantine} may be hostile`;
    case "geometric-median":
      return `geometric-median: the point nearest to all updates, in ${strategy.iterations} iterations`;
  }
}

/** The bounds of one hospital's influence; the share is an equal part where that is more. */
export function influenceText({ sampleCap, strategy: { maxSharePermille } }: Plan): string {
  const cap = `a hospital counts for at most ${sampleCap.toLocaleString("en")} samples`;
  return maxSharePermille === 1000
    ? cap
    : `${cap} and ${percent(maxSharePermille / 1000)} of the mean, or an equal part of it where that is more`;
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))} %`;
}
