// `consilium aggregator`: the party that opens rounds and proposes averages, in a process of its own.
import { type Command, Option } from "commander";
import { logLevels } from "../io/telemetry/json-log.ts";
import type { PartyFlags } from "./party/run-command.ts";

/** Adds the command to the program. */
export function aggregatorCommand(program: Command): void {
  program
    .command("aggregator")
    .description("Run an aggregator: open rounds, collect updates, propose their average. It decides nothing.")
    .requiredOption("--config <file>", "the aggregator's configuration, YAML or JSON (consilium init)")
    .addOption(new Option("--log-level <level>", "least level that is logged").choices(logLevels).default("info"))
    .option(
      "--dashboard",
      "serve a read-only page about this party (its address: the configuration's dashboard.listen)",
    )
    .addHelpText(
      "after",
      "\nEvents go to stdout and logs to stderr, one JSON object a line. Ctrl-C stops it in good order.\n" +
        "\nExamples:\n  consilium aggregator --config aggregator.yaml\n  consilium aggregator --config aggregator.yaml --dashboard",
    )
    .action(async (options: PartyFlags & { config: string }) => {
      const { runAggregator } = await import("../aggregator/aggregator.ts"); // here, since libp2p takes a second to load
      const { parseAggregatorConfig } = await import("../aggregator/config.ts");
      const { runPartyCommand } = await import("./party/run-command.ts");
      await runPartyCommand(options.config, options, parseAggregatorConfig, runAggregator);
    });
}
