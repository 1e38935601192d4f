// `--config`: a configuration stands in for the options that are not given. Options come first, then the environment, then
// the configuration, then defaults.
import type { Command } from "commander";
import type { ConsortiumFile } from "../consortium/consortium-file.ts";
import type { Given } from "./config-values.ts";

/** Adds the option to a command that reads a federation's contract, or writes to it. */
export function withConfig(command: Command): Command {
  command.option(
    "--config <file>",
    "a configuration, consortium.yaml or a party's: it has what the other options do not give",
  );
  return takingFrom(command, async (file) => {
    const { connectionOf } = await import("./config-values.ts"); // here, since --help reads no file
    return connectionOf(file);
  });
}

/** What only a consortium's file has, for one command. */
export function takingFromConsortium(
  command: Command,
  valuesOf: (consortium: ConsortiumFile) => Given | Promise<Given>,
): Command {
  return takingFrom(command, async (file) => {
    const { readConsortium } = await import("./config-values.ts");
    const consortium = await readConsortium(file);
    return consortium ? valuesOf(consortium) : {};
  });
}

function takingFrom(command: Command, valuesOf: (file: string) => Promise<Given>): Command {
  return command.hook("preAction", async (_, acting) => {
    const file = acting.opts()["config"];
    if (typeof file !== "string") return;
    const names = new Set(acting.options.map((option) => option.attributeName()));
    for (const [name, value] of Object.entries(await valuesOf(file))) {
      // What a later, more specific hook takes from the file replaces what an earlier one took.
      const isFree = [undefined, "default", "config"].includes(acting.getOptionValueSource(name));
      if (value !== undefined && names.has(name) && isFree) acting.setOptionValueWithSource(name, value, "config");
    }
  });
}
