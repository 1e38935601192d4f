// A wrong option is refused by its name as one writes it, before any work, by every command that parses its options so.
import { expect } from "chai";
import { Command } from "commander";
import { baselinesCommand } from "../../scripts/baselines.ts";
import { crossValidateCommand } from "../../scripts/cross-validate.ts";
import { importCommand } from "../../scripts/import.ts";
import { planCommand } from "../../scripts/plan.ts";
import { segmentCommand } from "../../scripts/segment.ts";
import { synthesiseCommand } from "../../scripts/synthesise.ts";

describe("an option that does not hold", () => {
  const cases: readonly [(program: Command) => void, readonly string[], string][] = [
    [planCommand, ["plan", "--local-epochs", "0"], "--local-epochs"],
    [planCommand, ["plan", "--seed", "-1"], "--seed"],
    [segmentCommand, ["segment", "--side", "30"], "--side"],
    [segmentCommand, ["segment", "--seed", "4294967296"], "--seed"],
    [baselinesCommand, ["baselines", "--patients", "3"], "--patients"],
    [baselinesCommand, ["baselines", "--shard", "./shard", "--synthetic"], "--synthetic"],
    [crossValidateCommand, ["cross-validate", "--cnn-side", "wide", "--shard", "./shard"], "--cnn-side"],
    [crossValidateCommand, ["cross-validate"], "--shard"],
    [importCommand, ["import", "./archive", "--max-slices", "many"], "--max-slices"],
    [synthesiseCommand, ["synthesise", "./archive", "--slices", "few"], "--slices"],
  ];
  for (const [add, args, option] of cases) {
    it(`is named by its command: ${args.join(" ")}`, async () => {
      const program = new Command("consilium").exitOverride();
      add(program);
      const error = await program.parseAsync(args, { from: "user" }).then(() => undefined, Object);
      expect(error).to.have.property("code", "OPTION_INVALID");
      expect(error.facts).to.include({ option });
      expect(error.facts.why).to.be.a("string").that.is.not.equal("");
      expect(error.remedy).to.equal(`see consilium ${args[0]} --help`);
    });
  }
});
