// `consilium plan`: the two files that a federation starts from, its plan and its first model, and their digests.
import type { Command } from "commander";
import { z } from "zod";
import { planSpellingCommands } from "./plan/canonical-plan.ts";
import { planCheckCommand } from "./plan/check-plan.ts";
import { influenceText } from "./plan/explain-plan.ts";
import { planFrom } from "./plan/plan-from-choices.ts";
import { planChoicesSchema, refuseOption, withPlanOptions } from "./plan/plan-options.ts";
import { readPlan } from "./plan/read-plan.ts";
import { writePlan } from "./plan/write-plan.ts";
import { parseOptions } from "./terminal/parse-options.ts";
import { readGiven } from "./terminal/read-given.ts";

const optionsSchema = planChoicesSchema.extend({
  plan: z.string(),
  genesis: z.string(),
  from: z.string().optional(),
  backbone: z.string().optional(),
  firstModel: z.string().optional(),
  force: z.boolean().default(false),
  json: z.boolean().default(false),
});

/** Adds the command to the program. */
export function planCommand(program: Command): void {
  const command = program
    .command("plan")
    .description("Write what a federation starts from: its plan, and its first model.")
    .option("--plan <file>", "where the plan goes", "plan.json")
    .option("--genesis <file>", "where the first model goes", "genesis.safetensors")
    .option("--from <file>", "a plan to start from, in place of the default one; the options below change it")
    .option("--seed <n>", "of everything random (default 7)")
    .option("--backbone <file>", "safetensors whose extractor the first model begins with: names as in our own models")
    .option("--first-model <file>", "safetensors of a whole model that the first model has the weights of, none drawn")
    .option("--force", "overwrite files that exist")
    .option("--json", "print the digests as JSON");
  withPlanOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n  consilium plan\n  consilium plan --preset iv3 --rounds 50 --plan iv3.json" +
        "\n  consilium plan --strategy multi-krum --byzantine 2\n  consilium plan --private --buckets 3" +
        "\n  consilium plan check plan.json" +
        "\n  consilium plan canonical plan.json --write\n  consilium plan digest plan.json",
    )
    .action(async (raw: unknown) => {
      const {
        plan: planFile,
        genesis: genesisFile,
        from,
        force,
        json,
        ...rest
      } = parseOptions(optionsSchema, raw, "plan");
      const { backbone, firstModel, ...choices } = rest;
      if (backbone !== undefined && firstModel !== undefined) {
        refuseOption("backbone", "the model given by --first-model has an extractor");
      }
      const plan = planFrom(choices, from === undefined ? undefined : await readPlan(from, "--from"));
      const begun = {
        backbone: backbone === undefined ? undefined : await readGiven(backbone, "--backbone"),
        model: firstModel === undefined ? undefined : await readGiven(firstModel, "--first-model"),
      };
      const written = await writePlan(plan, { planFile, genesisFile, begun, force });
      if (json) console.log(JSON.stringify(written));
      else {
        for (const { name, file, digest } of written) console.log(`${name.padEnd(8)} ${digest}  ${file}`);
        console.log(`bound    ${influenceText(plan)}`);
      }
    });
  planCheckCommand(command);
  planSpellingCommands(command);
}
