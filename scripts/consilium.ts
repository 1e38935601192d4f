// The command line: `consilium COMMAND`. One file for each command; this one lists them and ends the process properly.
import "./terminal/plain-unless-terminal.ts";
import { Command, CommanderError } from "commander";
import { version } from "../foundation/version.ts";
import { commands } from "./commands.ts";
import { endWithParent } from "./terminal/end-with-parent.ts";
import { reportFailure } from "./terminal/failure.ts";
import { proxiesOf, useProxies } from "./terminal/proxies.ts";

// A reader that closes the pipe (`| head`) is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

endWithParent();

const program = new Command("consilium")
  .description("Federated learning between hospitals on a blockchain, where anyone can re-derive every model.")
  .option("--verbose", "print the whole stack of an error")
  .option("--fetch", "fetch what the command needs and is not installed, without asking")
  .version(version)
  .showHelpAfterError("(add --help for the options and examples)")
  .exitOverride();

try {
  const words = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
  const name = words[0] === "help" ? words[1] : words[0];
  await addCommands(name);
  program.hook("preAction", () => useProxies(proxiesOf(process.env)));
  program.hook("preAction", () => requireNeeds(name ?? "", program.opts()["fetch"] === true));
  if (process.argv.length === 2) program.outputHelp();
  else await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else {
    reportFailure(error, { verbose: program.opts()["verbose"] === true, json: process.argv.includes("--json") });
    process.exitCode = 1;
  }
}

/** Before a command does anything, and not for its help. */
async function requireNeeds(name: string, fetch: boolean): Promise<void> {
  const { needs } = commands[name] ?? {};
  if (!needs) return;
  const { offerNeeds } = await import("./terminal/fetch-need.ts");
  await offerNeeds(name, needs, { fetch });
}

/** Loads the file of the named command only: TensorFlow, libp2p and Hardhat take seconds that --help need not wait for. */
async function addCommands(name: string | undefined): Promise<void> {
  for (const [each, { summary, load }] of Object.entries(commands)) {
    if (each === name) (await load())(program, commands);
    else program.command(each).summary(summary);
  }
}
