// `consilium skew`: FedAvg, FedProx and SCAFFOLD at hospitals whose labels differ.
import type { Command } from "commander";
import { z } from "zod";
import { skewSentences, skewTable } from "../study/skew/show-skew.ts";
import { runSkewStudy, type SkewCell, type SkewSetup } from "../study/skew/skew-study.ts";
import { parseOptions, seedSchema, whole } from "./terminal/parse-options.ts";
import { progressBar } from "./terminal/progress.ts";
import { markdownTable, table } from "./terminal/table.ts";

const optionsSchema = z.object({
  alpha: z.coerce.number().positive().max(1000),
  signal: z.coerce.number().positive().max(1),
  hospitals: whole(2, 100),
  rounds: whole(1, 1000),
  localEpochs: z
    .string()
    .transform((text) => text.split(",").map(Number))
    .pipe(z.array(z.number().int().min(1).max(1000)).min(1)),
  seed: seedSchema,
  seeds: whole(1, 100),
  markdown: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

const scansPerHospital = 12;
const testScans = 240;

/** Adds the command to the program. */
export function skewCommand(program: Command): void {
  program
    .command("skew")
    .description("Compare FedAvg, FedProx and SCAFFOLD at hospitals whose labels differ, on synthetic scans.")
    .option(
      "--alpha <n>",
      "of the Dirichlet distribution of each class over the hospitals; smaller is more unlike",
      "0.3",
    )
    .option("--signal <share>", "how strongly the disease shows; at 1, as in life, a few scans are enough", "0.15")
    .option("--hospitals <n>", `of ${scansPerHospital} training scans each on average`, "10")
    .option("--rounds <n>", "of each federation", "15")
    .option("--local-epochs <a,b,...>", "epochs that a hospital trains in a round", "1,5,10")
    .option("--seed <n>", "the first seed: of patients, their deal, first weights and rounding", "1")
    .option("--seeds <n>", "how many, one after the other", "5")
    .option("--markdown", "print the table as docs/aggregation.md has it")
    .option("--json", "print one JSON object, with the scores of every round")
    .addHelpText("after", "\nExamples:\n  consilium skew\n  consilium skew --alpha 0.1 --rounds 20 --json")
    .action(async (raw: unknown) => {
      const options = parseOptions(optionsSchema, raw, "skew");
      const setup = setupOf(options);
      const cells = await run(setup);
      if (options.json) console.log(JSON.stringify({ setup, cells }));
      else show(setup, cells, options.markdown);
    });
}

function setupOf({ hospitals, seed, seeds, alpha, signal, rounds, localEpochs }: Options): SkewSetup {
  const every = Array.from({ length: seeds }, (_, index) => seed + index);
  const trainingScans = hospitals * scansPerHospital;
  return { alpha, signal, hospitals, rounds, localEpochs, seeds: every, trainingScans, testScans };
}

async function run(setup: SkewSetup): Promise<readonly SkewCell[]> {
  const bar = progressBar("skew");
  try {
    const work = runSkewStudy(setup);
    for (;;) {
      const step = await work.next();
      if (step.done) return step.value;
      bar.update(step.value.done, step.value.total, step.value.note);
    }
  } finally {
    bar.stop();
  }
}

function show(setup: SkewSetup, cells: readonly SkewCell[], markdown: boolean): void {
  const { alpha, signal, hospitals, rounds, seeds, trainingScans } = setup;
  console.log(
    `${trainingScans} scans over ${hospitals} hospitals by Dirichlet(${alpha}), signal ${signal}, ${rounds} rounds; balanced accuracy in % on` +
      `\n${setup.testScans} other patients, mean of ${seeds.length} seeds ± 95 % interval; chance is 50:`,
  );
  console.log(`\n${(markdown ? markdownTable : table)(...skewTable(cells))}\n`);
  for (const line of skewSentences(cells)) console.log(markdown ? `- ${line}` : line);
}
