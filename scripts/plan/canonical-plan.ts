// `consilium plan digest` and `consilium plan canonical`: the name of a plan's file, and its one spelling that has a name.
import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { FedError } from "../../foundation/errors.ts";
import { blobDigest } from "../../protocol/format/merkle.ts";
import { encodePlan } from "../../protocol/format/plan.ts";
import { readPlan } from "./read-plan.ts";

/** Adds both to `consilium plan`. */
export function planSpellingCommands(plan: Command): void {
  plan
    .command("digest")
    .description("Print the digest by which a federation knows a plan: that of its canonical spelling.")
    .argument("<file>", "the plan, in any spelling")
    .action(async (file: string, _own: unknown, command: Command) => {
      const digest = blobDigest(encodePlan(await readPlan(file, "<file>")));
      console.log(command.optsWithGlobals()["json"] ? JSON.stringify({ digest }) : digest);
    });
  plan
    .command("canonical")
    .description("Print a plan in its canonical spelling: keys sorted, no spaces (RFC 8785).")
    .argument("<file>", "the plan, as edited")
    .option("--write", "write it back to the file instead")
    .action(async (file: string, { write }: { write?: boolean }) => {
      const bytes = encodePlan(await readPlan(file, "<file>"));
      if (!write) {
        process.stdout.write(bytes);
        return;
      }
      await writeFile(file, bytes).catch((cause: unknown) => {
        throw new FedError("FILE_UNWRITABLE", { path: file }, { cause });
      });
      console.log(`plan     ${blobDigest(bytes)}  ${file}`);
    });
}
