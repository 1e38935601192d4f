// The script for fish: one line for each word, on the condition that its command has been typed.
import type { CommandWords, OptionWords } from "./words.ts";

export function fishScript(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ path, subcommands, options, choices }) => {
    const typed = path === "" ? [] : path.split(" ");
    const open = subcommands.map(({ name }) => name).join(" ");
    const seen = typed.map((word) => `__fish_seen_subcommand_from ${word}`);
    const when = (...more: readonly string[]) => conditionOf([...seen, ...more]);
    const before = typed.length === 0 ? ["__fish_use_subcommand"] : [`not __fish_seen_subcommand_from ${open}`];
    return [
      ...subcommands.map(
        ({ name, summary }) => `complete -c consilium${when(...before)} -f -a ${name} -d '${summary}'`,
      ),
      ...(choices.length > 0 ? [`complete -c consilium${when()} -f -a '${choices.join(" ")}'`] : []),
      ...options.map((option) => `complete -c consilium${when()} ${specOf(option)}`),
    ];
  });
  return `# fish completion of consilium; made by: consilium completion fish\n${lines.join("\n")}\n`;
}

function conditionOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "" : ` -n '${conditions.join("; and ")}'`;
}

function specOf({ long, short, description, value, choices }: OptionWords): string {
  const takes = value === "none" ? "" : value === "choice" ? ` -x -a '${choices.join(" ")}'` : " -r -F";
  const shortName = short ? ` -s ${short.slice(1)}` : "";
  return `-l ${long.slice(2)}${shortName}${takes} -d '${description}'`;
}
