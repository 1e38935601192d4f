// The script for zsh: one function for each command, by _arguments and _describe.
import type { CommandWords, OptionWords } from "./words.ts";

export function zshScript(commands: readonly CommandWords[]): string {
  const names = new Set(commands.map(({ path }) => path));
  return `#compdef consilium
# zsh completion of consilium; made by: consilium completion zsh
${commands.map((command) => functionOf(command, names)).join("\n")}
compdef _consilium consilium
`;
}

function functionOf({ path, subcommands, options, choices }: CommandWords, names: ReadonlySet<string>): string {
  const specs = options.map((option) => `    '${specOf(option)}' \\`);
  const name = functionName(path);
  if (subcommands.length === 0) {
    const rest = choices.length > 0 ? `'*:argument:(${choices.join(" ")})'` : "'*:file:_files'";
    return `${name}() {\n  _arguments \\\n${specs.join("\n")}\n    ${rest}\n}`;
  }
  const listed = subcommands.map((each) => `    '${each.name}:${each.summary}'`);
  const calls = subcommands
    .map((each) => `${path} ${each.name}`.trim())
    .filter((each) => names.has(each))
    .map((each) => `        ${each.split(" ").at(-1)}) ${functionName(each)} ;;`);
  return `${name}() {
  local context state state_descr line
  typeset -A opt_args
  local -a subcommands
  subcommands=(
${listed.join("\n")}
  )
  _arguments -C \\
${specs.join("\n")}
    '1:command:->command' \\
    '*::argument:->argument'
  case $state in
    command) _describe command subcommands ;;
    argument)
      case $line[1] in
${calls.join("\n")}
      esac ;;
  esac
}`;
}

function functionName(path: string): string {
  return `_consilium${path === "" ? "" : `_${path.replaceAll(/[^a-z0-9]/g, "_")}`}`;
}

function specOf({ long, description, value, choices }: OptionWords): string {
  const name = `${long}[${description}]`;
  if (value === "none") return name;
  return value === "choice" ? `${name}:value:(${choices.join(" ")})` : `${name}:value:_files`;
}
