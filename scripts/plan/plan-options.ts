// The options that decide a plan, one for each of its fields; `consilium plan` and `consilium simulate` share them.
import { type Command, Option } from "commander";
import { z } from "zod";
import { FedError } from "../../foundation/errors.ts";
import { strategyNames } from "../../protocol/strategy/registry.ts";

const number = z.coerce.number();
const whole = number.int();

/** What was asked for; what is left out is as the default plan, or the plan to start from, has it. */
export const planChoicesSchema = z.object({
  preset: z.enum(["compact", "standard", "iv3"]).optional(),
  slices: whole.optional(),
  height: whole.optional(),
  width: whole.optional(),
  channels: whole.optional(),
  routingIterations: whole.optional(),
  routingVariant: z.enum(["sabour", "paper"]).optional(),
  normalisation: z.enum(["none", "group", "batch-local"]).optional(),
  reconstruction: z.boolean().optional(),
  mirror: z.boolean().optional(),
  seed: whole.optional(),
  rounds: whole.optional(),
  localEpochs: whole.optional(),
  batchSize: whole.optional(),
  optimiser: z.enum(["adam", "sgd"]).optional(),
  learningRate: number.optional(),
  momentum: number.optional(),
  nesterov: z.boolean().optional(),
  schedule: z.enum(["constant", "cosine"]).optional(),
  classWeights: z.boolean().optional(),
  augmentation: z.boolean().optional(),
  proximalMu: number.optional(),
  updateType: z.enum(["I8", "I16", "I32"]).optional(),
  clipNorm: number.optional(),
  topFraction: number.optional(),
  localTensors: z
    .union([z.array(z.string()), z.string().transform((text) => text.split(",").filter((part) => part !== ""))])
    .optional(),
  strategy: z.enum(strategyNames).optional(),
  maxSharePermille: whole.optional(),
  maxStaleness: whole.optional(),
  serverLearningRate: number.optional(),
  serverMomentum: number.optional(),
  beta1: number.optional(),
  beta2: number.optional(),
  tau: number.optional(),
  controlClipNorm: number.optional(),
  byzantine: whole.optional(),
  iterations: whole.optional(),
  sampleCap: whole.optional(),
  minUpdates: whole.optional(),
  validationShare: number.optional(),
  testShare: number.optional(),
  private: z.boolean().optional(),
  unitWeight: whole.optional(),
  largest: whole.optional(),
  maxSeals: whole.optional(),
  buckets: whole.optional(),
  epsilon: number.optional(),
  noiseMultiplier: number.optional(),
  delta: number.optional(),
  samplingRate: number.optional(),
  patientClipNorm: number.optional(),
  integerNorm: whole.optional(),
});

export type PlanChoices = z.output<typeof planChoicesSchema>;
type Name = keyof PlanChoices;

const strategies: readonly [name: Name, flags: string, about: string][] = [
  ["strategy", "--strategy <name>", `rule that makes the next model: ${strategyNames.join(", ")} (default fedavg)`],
  [
    "maxSharePermille",
    "--max-share-permille <n>",
    "largest share of one hospital in the mean, in thousandths; 1000 is no bound (default 400)",
  ],
  ["maxStaleness", "--max-staleness <n>", "rounds that an update may be late, at weight / (1 + age) (default 0)"],
  [
    "serverLearningRate",
    "--server-learning-rate <n>",
    "fedavgm, scaffold (default 1), fedadam, fedyogi, fedadagrad (default 0.02)",
  ],
  ["serverMomentum", "--server-momentum <n>", "fedavgm (default 0.9)"],
  ["beta1", "--beta1 <n>", "fedadam, fedyogi (default 0.9)"],
  ["beta2", "--beta2 <n>", "fedadam, fedyogi (default 0.99)"],
  ["tau", "--tau <n>", "fedadam, fedyogi, fedadagrad: added to the root, bounds a step (default 0.001)"],
  [
    "controlClipNorm",
    "--control-clip-norm <n>",
    "scaffold: largest change of a hospital's control variate (default 8)",
  ],
  ["byzantine", "--byzantine <f>", "trimmed-mean, krum, multi-krum, bulyan: updates that may be hostile (default 1)"],
  ["iterations", "--iterations <n>", "geometric-median: of Weiszfeld's algorithm (default 20)"],
];

const trainings: readonly [name: Name, flags: string, about: string][] = [
  ["rounds", "--rounds <n>", "rounds of training (default 8, 16 of standard)"],
  ["localEpochs", "--local-epochs <n>", "epochs that a hospital trains in a round (default 4)"],
  ["batchSize", "--batch-size <n>", "scans a step"],
  ["optimiser", "--optimiser <name>", "adam or sgd; scaffold takes sgd alone"],
  ["learningRate", "--learning-rate <n>", "of the optimiser, before the schedule"],
  ["momentum", "--momentum <n>", "of sgd (default 0.9)"],
  ["nesterov", "--nesterov", "Nesterov's momentum, of sgd"],
  ["schedule", "--schedule <name>", "of the learning rate over the rounds: constant or cosine"],
  ["classWeights", "--class-weights", "weigh the loss by inverse class frequency (default; --no-class-weights)"],
  ["augmentation", "--augmentation", "shift, turn and scale the scans at random (default; --no-augmentation)"],
  ["proximalMu", "--proximal-mu <mu>", "FedProx: pull towards the base model by mu; 0 is none (default 0)"],
];

const models: readonly [name: Name, flags: string, about: string][] = [
  ["preset", "--preset <name>", "compact, standard (larger slices), or the paper's iv3 (default compact)"],
  ["slices", "--slices <n>", "slices that the network takes of a scan"],
  ["height", "--height <pixels>", "of a slice"],
  ["width", "--width <pixels>", "of a slice"],
  ["channels", "--channels <n>", "windows of a slice"],
  ["routingIterations", "--routing-iterations <n>", "of routing by agreement (default 3)"],
  ["routingVariant", "--routing-variant <name>", "sabour or paper (default sabour)"],
  ["normalisation", "--normalisation <kind>", "none, group, or batch-local (FedBN)"],
  ["mirror", "--mirror", "train on mirror images too, left to right, and score by the mean of both"],
  ["reconstruction", "--reconstruction", "train a decoder too, which draws each scan from its capsule: a regulariser"],
];

const updates: readonly [name: Name, flags: string, about: string][] = [
  ["updateType", "--update-type <type>", "integers of an update: I8, I16 or I32 (default I16)"],
  ["clipNorm", "--clip-norm <n>", "largest L2 norm of an update: a hospital's influence bound"],
  ["topFraction", "--top-fraction <share>", "share of the coordinates that an update carries, the largest (default 1)"],
  ["localTensors", "--local-tensors <a,b,...>", "tensors whose names contain one of these stay at the hospital"],
  ["sampleCap", "--sample-cap <n>", "largest sample count that a hospital may commit with (default 100000)"],
  ["minUpdates", "--min-updates <n>", "fewer valid updates than this abandon a round"],
  ["validationShare", "--validation-share <share>", "of the patients, as the plan states it (default 0.15)"],
  ["testShare", "--test-share <share>", "of the patients, as the plan states it (default 0.25)"],
];

const privacies: readonly [name: Name, flags: string, about: string][] = [
  ["private", "--private", "private sums: hospitals mask their updates, and only the sum of a round is ever opened"],
  ["unitWeight", "--unit-weight <n>", "scans of weight 1, a power of two: more count as so many (default 128)"],
  [
    "largest",
    "--largest <n>",
    "largest integer of a masked update; 2047 has 4 bytes up to 16 hospitals (default 2047)",
  ],
  ["maxSeals", "--max-seals <n>", "how many sums may ever be opened (default twice the rounds)"],
  [
    "buckets",
    "--buckets <n>",
    "a sum for each of so many groups, drawn anew each round, and their median: 3 to 16, of 4 hospitals or more each",
  ],
];

const patients: readonly [name: Name, flags: string, about: string][] = [
  ["epsilon", "--epsilon <n>", "most that all sums together may cost a patient: finds the noise for it"],
  ["noiseMultiplier", "--noise-multiplier <n>", "noise of a sum over a patient's largest part, in place of --epsilon"],
  ["delta", "--delta <n>", "the chance for which epsilon does not hold (default 0.00001)"],
  ["samplingRate", "--sampling-rate <share>", "the chance of a patient to be in a round's step (default 0.3)"],
  [
    "patientClipNorm",
    "--patient-clip-norm <n>",
    "largest L2 norm of a patient's part in an update (default: of gradients of norm 1)",
  ],
  [
    "integerNorm",
    "--integer-norm <n>",
    "the same in integers, a power of two (default 512, 1024 of standard, 4096 of iv3)",
  ],
];

const groups = {
  "Strategy:": strategies,
  "Training:": trainings,
  "Model:": models,
  "Updates and rounds:": updates,
  "Private sums:": privacies,
  "Differential privacy (with --private):": patients,
};

/** Adds the options to a command, all or those that it offers; --seed is its own to add. */
export function withPlanOptions(command: Command, isOffered: (name: string) => boolean = () => true): Command {
  for (const [heading, options] of Object.entries(groups)) {
    for (const [name, flags, about] of options) {
      if (!isOffered(name)) continue;
      command.addOption(new Option(flags, about).helpGroup(heading));
      // Both ways, since a plan to start from may have either.
      if (!flags.includes("<")) command.addOption(new Option(flags.replace("--", "--no-")).hideHelp());
    }
  }
  return command;
}

/** The option of a field, as one writes it. */
export function flagOf(name: string): string {
  const known = Object.values(groups)
    .flat()
    .find(([own]) => own === name);
  return known ? known[1].split(" ")[0]! : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The choices as arguments of `consilium plan`. */
export function planArguments(choices: PlanChoices): string[] {
  return Object.entries(choices).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const flag = flagOf(name);
    if (typeof value === "boolean") return [value ? flag : flag.replace("--", "--no-")];
    return [flag, Array.isArray(value) ? value.join(",") : String(value)];
  });
}

/** @throws OPTION_INVALID */
export function refuseOption(name: string, why: string, command = "plan"): never {
  throw new FedError("OPTION_INVALID", { option: flagOf(name), why }, { remedy: `see consilium ${command} --help` });
}
