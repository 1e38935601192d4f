// `consilium completion`: prints a script by which a shell completes commands, options and their choices.
import { Argument, Command } from "commander";
import { bashScript } from "./completion/bash.ts";
import { fishScript } from "./completion/fish.ts";
import { wordsOf } from "./completion/words.ts";
import { zshScript } from "./completion/zsh.ts";
import type { CommandList } from "./listed-command.ts";

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** Adds the command to the program. */
export function completionCommand(program: Command, all: CommandList): void {
  program
    .command("completion")
    .description("Print a script by which a shell completes commands, options and their choices.")
    .addArgument(new Argument("<shell>", "the shell that reads it").choices(Object.keys(scripts)))
    .addHelpText("after", help)
    .action(async (shell: keyof typeof scripts) => {
      const whole = new Command("consilium");
      for (const [name, { summary, load }] of Object.entries(all)) {
        (await load())(whole, all);
        whole.commands.at(-1)!.name(name).summary(summary);
      }
      process.stdout.write(scripts[shell](wordsOf(whole)));
    });
}

const help = `
Examples:
  consilium completion bash > ~/.local/share/bash-completion/completions/consilium
  consilium completion zsh > "\${fpath[1]}/_consilium"
  consilium completion fish > ~/.config/fish/completions/consilium.fish`;
