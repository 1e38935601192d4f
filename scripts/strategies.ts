// `consilium strategies`: compares aggregation rules under attack, and update formats by size, on synthetic scans.
import { type Command, Option } from "commander";
import { z } from "zod";
import { FedError } from "../foundation/errors.ts";
import { requiredUpdates } from "../protocol/strategy/registry.ts";
import { attackNames } from "../study/strategies/attackers.ts";
import { rules, type Setup, setupNames, setups } from "../study/strategies/setups.ts";
import { attackTable, formatTable, verdicts } from "../study/strategies/show-study.ts";
import { runStudy, type Study } from "../study/strategies/study.ts";
import { parseOptions, seedSchema, whole } from "./terminal/parse-options.ts";
import { progressBar } from "./terminal/progress.ts";
import { markdownTable, table } from "./terminal/table.ts";

/** An attack's name on the command line: little-is-enough. */
const dashed = (name: string) => name.toLowerCase().replaceAll(" ", "-");
const listOf = <Name extends string>(known: readonly Name[]) =>
  z
    .string()
    .optional()
    .transform((text, context) => {
      if (text === undefined) return undefined;
      return text.split(",").map((word) => {
        const found = known.find((name) => dashed(name) === word.trim());
        if (found === undefined) {
          context.addIssue({ code: z.ZodIssueCode.custom, message: `none of ${known.map(dashed).join(", ")}` });
          return z.NEVER;
        }
        return found;
      });
    });

const optionsSchema = z.object({
  network: z.enum(setupNames),
  seed: seedSchema,
  seeds: whole(1, 100).optional(),
  rounds: whole(1, 1000).optional(),
  rules: listOf(rules.map(({ name }) => name)),
  attacks: listOf(attackNames),
  markdown: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

/** Adds the command to the program. */
export function strategiesCommand(program: Command): void {
  program
    .command("strategies")
    .description("Compare aggregation rules under attack, and update formats by size, on synthetic scans.")
    .addOption(
      new Option(
        "--network <name>",
        "the learner: a small network on histograms, the same with private sums, or the compact capsules on slices",
      )
        .choices(setupNames)
        .default("histograms"),
    )
    .option("--seed <n>", "the first seed: of patients, first weights and attackers' noise", "1")
    .option(
      "--seeds <n>",
      `how many, one after the other: ${setups.histograms.seeds}, of capsules ${setups.capsules.seeds}`,
    )
    .option("--rounds <n>", `of each federation: ${setups.histograms.rounds}, of capsules ${setups.capsules.rounds}`)
    .option("--rules <a,b,...>", "of all rules: all of them, of capsules the main ones")
    .option("--attacks <a,b,...>", `of ${attackNames.map(dashed).join(", ")}: all of them, of capsules the strongest`)
    .option("--markdown", "print the tables as docs/aggregation.md has them")
    .option("--json", "print one JSON object")
    .addHelpText("after", help)
    .action(async (raw: unknown) => {
      const options = parseOptions(optionsSchema, raw, "strategies");
      const setup = chosenSetup(options);
      const study = await run(setup, options);
      if (options.json) console.log(JSON.stringify({ options, study }));
      else tell(setup, study, options);
    });
}

const help = `
Histograms take about three minutes, buckets one, capsules twenty to thirty, on two cores. The same seeds give the same numbers.
With buckets one of twelve hospitals is hostile, and masks what it sends: fedavg is over the sum of all, the median over the means
of three buckets. In skewed-buckets the hospitals' shares of positives differ from 1 to 11 of 12.

Examples:
  consilium strategies
  consilium strategies --seed 3 --seeds 1 --rounds 40 --json
  consilium strategies --network buckets
  consilium strategies --network capsules
  consilium strategies --network capsules --seeds 2 --rules fedavg,median --attacks none,sign-flip`;

/** @throws STRATEGY_TOO_FEW_UPDATES */
function chosenSetup(options: Options): Setup {
  const setup = setups[options.network];
  const chosen = options.rules ? rules.filter(({ name }) => options.rules?.includes(name)) : setup.rules;
  for (const rule of chosen) {
    const required = requiredUpdates(rule);
    if (required <= setup.hospitals) continue;
    const facts = { strategy: rule.name, updates: setup.hospitals, required };
    throw new FedError("STRATEGY_TOO_FEW_UPDATES", facts, { remedy: "try this rule on --network histograms" });
  }
  return {
    ...setup,
    rounds: options.rounds ?? setup.rounds,
    seeds: options.seeds ?? setup.seeds,
    rules: chosen,
    attacks: options.attacks ? attackNames.filter((name) => options.attacks?.includes(name)) : setup.attacks,
  };
}

async function run(setup: Setup, { network, seed }: Options): Promise<Study> {
  const bar = progressBar("strategies");
  try {
    const every = Array.from({ length: setup.seeds }, (_, index) => seed + index);
    const work = runStudy(setup, every, { withFormats: network === "histograms" });
    for (;;) {
      const step = await work.next();
      if (step.done) return step.value;
      const { done, total, note } = step.value;
      bar.update(done, total, note);
    }
  } finally {
    bar.stop();
  }
}

function tell(setup: Setup, study: Study, { seed, markdown }: Options): void {
  const { title, attackers, hospitals, scansPerHospital, testScans, rounds, seeds } = setup;
  const show = markdown ? markdownTable : table;
  const which = seeds === 1 ? `seed ${seed}` : `the mean of seeds ${seed} to ${seed + seeds - 1} ± its 95 % interval`;
  console.log(
    [
      `Learned by ${title}, ${study.parameters.toLocaleString("en")} parameters, in ${rounds} rounds;`,
      `${hospitals} hospitals of ${scansPerHospital} scans, ${attackers} of them hostile. Balanced accuracy in % on`,
      `${testScans} other patients, ${which}; chance is 50:`,
    ].join("\n"),
  );
  console.log(`\n${show(...attackTable(setup, study.attacks))}\n`);
  for (const line of verdicts(study.attacks)) console.log(markdown ? `- ${line}` : line);
  if (study.formats.length === 0) return;
  console.log("\nUpdate formats, by weighted averaging, nobody hostile:");
  console.log(`\n${show(...formatTable(study.formats))}`);
}
