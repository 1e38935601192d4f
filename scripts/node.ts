// `consilium node`: one hospital, in a process of its own.
import { type Command, Option } from "commander";
import { software } from "../foundation/version.ts";
import { logLevels } from "../io/telemetry/json-log.ts";
import type { PartyFlags } from "./party/run-command.ts";

/** Adds the command to the program. */
export function nodeCommand(program: Command): void {
  program
    .command("node")
    .description("Run a hospital: train on its own shard, commit updates, check and attest every proposed model.")
    .requiredOption("--config <file>", "the hospital's configuration, YAML or JSON (consilium init)")
    .addOption(new Option("--log-level <level>", "least level that is logged").choices(logLevels).default("info"))
    .option(
      "--dashboard",
      "serve a read-only page about this party (its address: the configuration's dashboard.listen)",
    )
    .option("--tensorboard <dir>", "also write the training's curves there, as event files of TensorBoard")
    .addHelpText(
      "after",
      "\nEvents go to stdout and logs to stderr, one JSON object a line. Ctrl-C stops it in good order.\n" +
        "\nExamples:\n  consilium node --config hospital.yaml\n  consilium node --config hospital.yaml --dashboard" +
        "\n  consilium node --config hospital.yaml 2>>hospital.log | jq .event" +
        "\n  consilium node --config hospital.yaml --tensorboard curves",
    )
    .action(async (options: PartyFlags & { config: string }) => {
      const { runHospitalNode } = await import("../node/hospital-node.ts"); // here, since libp2p takes a second to load
      const { parseHospitalConfig } = await import("../node/config.ts");
      const { runPartyCommand } = await import("./party/run-command.ts");
      await runPartyCommand(options.config, options, parseHospitalConfig, (config, party) =>
        runHospitalNode(config, { ...party, software }),
      );
    });
}
