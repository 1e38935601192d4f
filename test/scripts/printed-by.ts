// Runs a command in this process, as people call it.
import { Command } from "commander";

/** What it prints. @throws what the command throws */
export async function printedBy(define: (program: Command) => unknown, args: readonly string[]): Promise<string> {
  const program = new Command("consilium").exitOverride();
  define(program);
  const { log } = console;
  const lines: string[] = [];
  console.log = (line: unknown) => lines.push(String(line));
  try {
    await program.parseAsync(args, { from: "user" });
  } finally {
    console.log = log;
  }
  return lines.join("\n");
}
