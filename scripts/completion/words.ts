// What can be typed after `consilium`, taken from the commands themselves.
import type { Command, Option } from "commander";

export interface OptionWords {
  readonly long: string;
  readonly short?: string;
  readonly description: string;
  /** none: a flag. choice: one of the choices. file: anything else, for which files are offered. */
  readonly value: "none" | "choice" | "file";
  readonly choices: readonly string[];
}

export interface CommandWords {
  /** The words that lead to it, without `consilium`: "members admit". */
  readonly path: string;
  readonly summary: string;
  readonly subcommands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly OptionWords[];
  /** Choices of its arguments; without any, files are offered. */
  readonly choices: readonly string[];
}

/** The program itself first, with the empty path, and then all commands in the order of the help. */
export function wordsOf(program: Command, path: readonly string[] = []): readonly CommandWords[] {
  const own: CommandWords = {
    path: path.join(" "),
    summary: oneLine(program.summary() || program.description()),
    subcommands: program.commands.map((each) => ({
      name: each.name(),
      summary: oneLine(each.summary() || each.description()),
    })),
    options: [...program.options.filter(({ hidden }) => !hidden).map(optionWords), helpOption],
    choices: program.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
  return [own, ...program.commands.flatMap((each) => wordsOf(each, [...path, each.name()]))];
}

function optionWords({ long, short, description, required, optional, argChoices }: Option): OptionWords {
  const choices = argChoices ?? [];
  const takes = required || optional;
  return {
    long: long ?? short!,
    ...(long && short ? { short } : {}),
    description: oneLine(description),
    value: !takes ? "none" : choices.length > 0 ? "choice" : "file",
    choices,
  };
}

const helpOption: OptionWords = {
  ...{ long: "--help", short: "-h", description: "display help for command", value: "none", choices: [] },
};

/** As a shell's list shows it: the first line, without characters that quoting would have to escape. */
function oneLine(text: string): string {
  const [first = ""] = text.split("\n");
  return first
    .replaceAll("'", "\u2019")
    .replaceAll(/["`\\$[\]:]/g, "")
    .trim();
}
