// `consilium plan`: the two files that a federation starts from, its plan and its first model, and their digests.
import { writeFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { z } from "zod";
import { genesisWeights } from "../model/training/trainer.ts";
import { defaultPlan } from "../protocol/format/default-plan.ts";
import { blobDigest } from "../protocol/format/merkle.ts";
import { encodePlan } from "../protocol/format/plan.ts";
import { parseOptions, seedOption, seedSchema, whole } from "./terminal/parse-options.ts";
import { readGiven } from "./terminal/read-given.ts";
import { software } from "./version.ts";

const choicesSchema = z.object({
  preset: z.enum(["compact", "iv3"]),
  rounds: whole(1, 100_000),
  localEpochs: whole(1, 1000),
  minUpdates: whole(1, 256),
  seed: seedSchema,
  reconstruction: z.boolean().default(false),
  plan: z.string(),
  genesis: z.string(),
});

/** Adds the command to the program. */
export function planCommand(program: Command): void {
  program
    .command("plan")
    .description("Write what a federation starts from: its plan, and its first model.")
    .option("--plan <file>", "where the plan goes; edit a copy to change more than the options do", "plan.json")
    .option("--genesis <file>", "where the first model goes", "genesis.safetensors")
    .addOption(
      new Option("--preset <name>", "compact, or the paper's iv3").choices(["compact", "iv3"]).default("compact"),
    )
    .option("--rounds <n>", "rounds that the plan is meant to run for", "8")
    .option("--local-epochs <n>", "epochs that a hospital trains in a round", "4")
    .option("--min-updates <n>", "fewer valid updates than this abandon a round", "2")
    .addOption(seedOption())
    .option("--reconstruction", "train a decoder too, which draws each scan from its capsule: a regulariser")
    .option("--backbone <file>", "safetensors whose extractor the first model begins with: names as in our own models")
    .option("--json", "print the digests as JSON")
    .addHelpText("after", "\nExamples:\n  consilium plan\n  consilium plan --preset iv3 --rounds 50 --plan iv3.json")
    .action(async (raw: { json?: boolean; backbone?: string }) => {
      const { plan: planFile, genesis: genesisFile, ...choices } = parseOptions(choicesSchema, raw, "plan");
      const plan = { ...defaultPlan(choices), minUpdates: choices.minUpdates, software };
      const backbone = raw.backbone === undefined ? undefined : await readGiven(raw.backbone, "--backbone");
      const files = [
        { name: "plan", file: planFile, bytes: encodePlan(plan) },
        { name: "genesis", file: genesisFile, bytes: genesisWeights(plan, backbone) },
      ];
      for (const { file, bytes } of files) await writeFile(file, bytes);
      const written = files.map(({ name, file, bytes }) => ({ name, file, digest: blobDigest(bytes) }));
      if (raw.json) console.log(JSON.stringify(written));
      else for (const { name, file, digest } of written) console.log(`${name.padEnd(8)} ${digest}  ${file}`);
    });
}
