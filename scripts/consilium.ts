// The command line: `consilium COMMAND`. One file a command; this one only lists them and ends the process properly.
import { Command, CommanderError } from "commander";
import { reportFailure } from "./terminal/failure.ts";

const program = new Command("consilium")
  .description("Federated learning between hospitals on a blockchain, where anyone can re-derive every model.")
  .option("--verbose", "print the whole stack of an error")
  .version("0.1.0")
  .showHelpAfterError("(add --help for the options and examples)")
  .exitOverride();

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else {
    reportFailure(error, { verbose: program.opts()["verbose"] === true, json: process.argv.includes("--json") });
    process.exitCode = 1;
  }
}
