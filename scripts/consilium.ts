// The command line: `consilium COMMAND`. Each command has its own file; this one lists them and sets the exit code.
import "./terminal/plain-unless-terminal.ts";
import { Command, CommanderError } from "commander";
import { endWithParent } from "./terminal/end-with-parent.ts";
import { reportFailure } from "./terminal/failure.ts";
import { version } from "./version.ts";

/** Each command's file is loaded when it is asked for: TensorFlow and libp2p take a second that --help need not wait. */
const commands: Readonly<Record<string, (program: Command) => Promise<void>>> = {
  simulate: async (to) => (await import("./simulate.ts")).simulateCommand(to),
  plan: async (to) => (await import("./plan.ts")).planCommand(to),
  node: async (to) => (await import("./node.ts")).nodeCommand(to),
  aggregator: async (to) => (await import("./aggregator.ts")).aggregatorCommand(to),
  import: async (to) => (await import("./import.ts")).importCommand(to),
  view: async (to) => (await import("./view.ts")).viewCommand(to),
  predict: async (to) => (await import("./predict.ts")).predictCommand(to),
  keys: async (to) => (await import("./keys.ts")).keysCommand(to),
  deploy: async (to) => (await import("./deploy.ts")).deployCommand(to),
  members: async (to) => (await import("./members.ts")).membersCommand(to),
  terms: async (to) => (await import("./terms.ts")).termsCommand(to),
  backup: async (to) => (await import("./backup.ts")).backupCommand(to),
  restore: async (to) => (await import("./restore.ts")).restoreCommand(to),
  audit: async (to) => (await import("./audit.ts")).auditCommand(to),
  model: async (to) => (await import("./model.ts")).modelCommand(to),
  reproduce: async (to) => (await import("./reproduce.ts")).reproduceCommand(to),
  status: async (to) => (await import("./status.ts")).statusCommand(to),
  baselines: async (to) => (await import("./baselines.ts")).baselinesCommand(to),
  "cross-validate": async (to) => (await import("./cross-validate.ts")).crossValidateCommand(to),
  segment: async (to) => (await import("./segment.ts")).segmentCommand(to),
  strategies: async (to) => (await import("./strategies.ts")).strategiesCommand(to),
  skew: async (to) => (await import("./skew.ts")).skewCommand(to),
  synthesise: async (to) => (await import("./synthesise.ts")).synthesiseCommand(to),
};

// A reader that closes the pipe (`| head`) is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

endWithParent();

const program = new Command("consilium")
  .description("Federated learning between hospitals on a blockchain, where anyone can re-derive every model.")
  .option("--verbose", "print the whole stack of an error")
  .version(version)
  .showHelpAfterError("(add --help for the options and examples)")
  .exitOverride();

try {
  const asked = process.argv.slice(2).find((argument) => !argument.startsWith("-"));
  const loaders = asked !== undefined && asked in commands ? [commands[asked]] : Object.values(commands);
  for (const load of loaders) await load?.(program);
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else {
    reportFailure(error, { verbose: program.opts()["verbose"] === true, json: process.argv.includes("--json") });
    process.exitCode = 1;
  }
}
