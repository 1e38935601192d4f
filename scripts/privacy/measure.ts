// `consilium privacy measure`: what differential privacy costs in AUC, on synthetic patients.
import { writeFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { z } from "zod";
import { type PrivacyNetwork, privacyNetworkNames, privacyNetworks } from "../../study/privacy/privacy-networks.ts";
import {
  type PrivacyCell,
  type PrivacySetup,
  runPrivacyStudy,
  type StepPlan,
} from "../../study/privacy/privacy-study.ts";
import { costTable, privacyLines, privacySentences, privacyTable } from "../../study/privacy/show-privacy.ts";
import { planFrom } from "../plan/plan-from-choices.ts";
import { parseOptions, seedSchema, whole } from "../terminal/parse-options.ts";
import { progressBar } from "../terminal/progress.ts";
import { markdownTable, table } from "../terminal/table.ts";

const listOf = (number: z.ZodNumber) =>
  z
    .string()
    .transform((text) => text.split(",").map(Number))
    .pipe(z.array(number).min(1).max(10));

const fieldsSchema = z.object({
  network: z.enum(privacyNetworkNames),
  patients: listOf(z.number().int().min(6).max(100_000)),
  hospitals: listOf(z.number().int().min(3).max(100)),
  epsilons: listOf(z.number().positive().max(1000)),
  rounds: whole(1, 100_000).optional(),
  samplingRate: z.coerce.number().positive().max(1).optional(),
  learningRate: z.coerce.number().positive().max(1000).optional(),
  gradientNorm: z.coerce.number().positive().max(1000).optional(),
  testPatients: whole(4, 100_000),
  signal: z.coerce.number().positive().max(1),
  seed: seedSchema,
  seeds: whole(1, 100),
  scans: z.string().min(1).optional(),
  picture: z.string().min(1).optional(),
  markdown: z.boolean().default(false),
  json: z.boolean().default(false),
});
const optionsSchema = fieldsSchema.refine(
  ({ patients, hospitals }) => Math.min(...patients) >= 2 * Math.max(...hospitals),
  {
    path: ["patients"],
    message: "every hospital needs two patients at least",
  },
);
type Options = z.output<typeof optionsSchema>;

/** Adds the command to `consilium privacy`. */
export function measureCommand(privacy: Command): void {
  privacy
    .command("measure")
    .description(
      "Measure what differential privacy costs in AUC, by epsilon, hospitals and patients, on synthetic scans.",
    )
    .addOption(
      new Option("--network <name>", "a small network on histograms, or the project's compact capsules on slices")
        .choices(privacyNetworkNames)
        .default("histograms"),
    )
    .option("--patients <a,b,...>", "training patients in all, at least 2 a hospital", "100,250,500,1000")
    .option("--hospitals <a,b,...>", "numbers of hospitals that share them", "4,8")
    .option("--epsilons <a,b,...>", "budgets of all sums together, as consilium plan takes them", "10,5,2")
    .option("--rounds <n>", "steps of a noisy federation (default: the network's)")
    .option("--sampling-rate <share>", "the chance of a patient to be in a step (default: the network's)")
    .option("--learning-rate <n>", "on the mean of a sample's clipped gradients (default: the network's)")
    .option("--gradient-norm <n>", "largest norm of a patient's gradient (default: the network's)")
    .option("--test-patients <n>", "other patients, who are scored", "400")
    .option("--signal <share>", "how strongly the disease shows; at 1, as in life, a few scans are enough", "0.15")
    .option("--seed <n>", "the first seed: of patients, first weights, samples and noise", "1")
    .option("--seeds <n>", "how many, one after the other", "5")
    .option("--scans <dir>", "keep the synthetic scans here for the next run")
    .option("--picture <file>", "draw AUC by patients, at the most hospitals, as an SVG file")
    .option("--markdown", "print the tables as docs/privacy-accuracy.md has them")
    .option("--json", "print one JSON object, with the AUC of every seed")
    .addHelpText("after", help)
    .action(async (_own: unknown, command: Command) => {
      // --json is an option of `consilium privacy` too, which takes it first.
      const options = parseOptions(optionsSchema, command.optsWithGlobals(), "privacy measure");
      const network = privacyNetworks[options.network];
      const setup = setupOf(options, network);
      const cells = await run(network, setup);
      if (options.json) console.log(JSON.stringify({ network: options.network, setup, cells }));
      else show(network, setup, cells, options.markdown);
      if (options.picture) await draw(options.picture, setup, cells);
    });
}

const help = `
Hospitals' steps, clipping, rounding, noise and models are those of a federation; chain, network and masks, which change no
model, are left out. Each row compares the same seeds: one hospital alone, federated averaging, the steps without noise, and
with the noise of each epsilon.

Examples:
  consilium privacy measure --scans ./scans
  consilium privacy measure --patients 500 --hospitals 8 --epsilons 5 --seeds 2 --json
  consilium privacy measure --network capsules --patients 2000 --hospitals 4`;

function setupOf(options: Options, network: PrivacyNetwork): PrivacySetup {
  const { patients, hospitals, epsilons, testPatients, signal, seed, seeds, scans: folder } = options;
  const { rounds, samplingRate, learningRate, gradientNorm } = { ...network.steps, ...given(options) };
  const steps = { rounds, samplingRate, learningRate, gradientNorm };
  const every = Array.from({ length: seeds }, (_, index) => seed + index);
  return { patients, hospitals, epsilons, steps, testPatients, signal, seeds: every, folder };
}

function given({ rounds, samplingRate, learningRate, gradientNorm }: Options): Partial<PrivacySetup["steps"]> {
  const all = { rounds, samplingRate, learningRate, gradientNorm };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

const planOf =
  ({ input }: PrivacyNetwork): StepPlan =>
  ({ epsilon, batchSize, seed, rounds, samplingRate, learningRate, gradientNorm }) =>
    planFrom({
      ...{ private: true, epsilon, batchSize, seed, rounds, samplingRate, learningRate, ...input },
      patientClipNorm: (learningRate * gradientNorm) / batchSize,
      augmentation: false,
    });

async function run(network: PrivacyNetwork, setup: PrivacySetup): Promise<readonly PrivacyCell[]> {
  const bar = progressBar("privacy");
  try {
    const work = runPrivacyStudy(network, setup, planOf(network));
    for (;;) {
      const step = await work.next();
      if (step.done) return step.value;
      bar.update(step.value.done, step.value.total, step.value.note);
    }
  } finally {
    bar.stop();
  }
}

function show(network: PrivacyNetwork, setup: PrivacySetup, cells: readonly PrivacyCell[], markdown: boolean): void {
  const { seeds, testPatients, signal, steps } = setup;
  const asTable = markdown ? markdownTable : table;
  console.log(
    [
      `Learned by ${network.title}, ${network.parameters.toLocaleString("en")} parameters; signal ${signal}. AUC on ${testPatients} other patients,`,
      `half of them positive, the mean of ${seeds.length} seeds with its 95 % interval. Always naming one class has an AUC of 0.5`,
      `and is right for 50 %. Steps: learning rate ${steps.learningRate}, gradients of norm ${steps.gradientNorm} at most.`,
    ].join("\n"),
  );
  console.log(`\n${asTable(...privacyTable(cells))}\n\n${asTable(...costTable(cells))}\n`);
  for (const line of privacySentences(cells)) console.log(markdown ? `- ${line}` : line);
}

async function draw(file: string, { hospitals }: PrivacySetup, cells: readonly PrivacyCell[]): Promise<void> {
  const { lineChart } = await import("../charts/line-chart.ts");
  const most = Math.max(...hospitals);
  const chart = lineChart(privacyLines(cells, most), {
    title: `AUC by training patients at ${most} hospitals`,
    xLabel: "training patients in all",
    yLabel: "AUC, with its 95 % interval",
    yRange: [0.4, 1],
    reference: { y: 0.5, label: "chance" },
  });
  await writeFile(file, chart);
}
