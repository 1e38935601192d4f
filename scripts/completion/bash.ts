// The script for bash: a table of words by command, and a function that reads it.
import type { CommandWords } from "./words.ts";

export function bashScript(commands: readonly CommandWords[]): string {
  const words = commands.map(({ path, subcommands, options, choices }) => {
    const offered = [...subcommands.map(({ name }) => name), ...options.map(({ long }) => long), ...choices];
    return `    "${path}") words="${offered.join(" ")}" ;;`;
  });
  const values = commands.flatMap(({ path, options }) =>
    options
      .filter(({ value }) => value !== "none")
      .map(({ long, choices }) => `    "${path} ${long}") choices="${choices.join(" ")}"; takes=1 ;;`),
  );
  const subcommands = commands.flatMap(({ path }) => (path === "" ? [] : [`"${path}"`]));
  return `# bash completion of consilium; made by: consilium completion bash
_consilium() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" word index words="" choices="" takes=""
  for (( index = 1; index < COMP_CWORD; index++ )); do
    word="\${path:+$path }\${COMP_WORDS[index]}"
    case "$word" in
      ${subcommands.join("|")}) path="$word" ;;
    esac
  done
  case "$path $previous" in
${values.join("\n")}
  esac
  if [[ $takes ]]; then
    if [[ $choices ]]; then COMPREPLY=( $(compgen -W "$choices" -- "$current") )
    else COMPREPLY=( $(compgen -f -- "$current") ); compopt -o filenames 2>/dev/null; fi
    return
  fi
  case "$path" in
${words.join("\n")}
  esac
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
  if [[ \${#COMPREPLY[@]} -eq 0 && $current != -* ]]; then
    COMPREPLY=( $(compgen -f -- "$current") ); compopt -o filenames 2>/dev/null
  fi
}
complete -F _consilium consilium
`;
}
