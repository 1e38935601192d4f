// `consilium doctor`: tries all that a node will need, before it is run or when it does not do what it should.
import type { Command } from "commander";
import { line } from "./doctor/show.ts";

interface Options {
  readonly config: string;
  readonly plan?: string;
  readonly json?: boolean;
}

/** Adds the command to the program. */
export function doctorCommand(program: Command): void {
  program
    .command("doctor")
    .description("Try all that a node needs: keys, chain, funds, ports, peers, disk, data. Changes nothing.")
    .requiredOption("--config <file>", "the hospital's or the aggregator's configuration, YAML or JSON")
    .option("--plan <file>", "compare the shard with this plan (default: the agreed one, where the store has it)")
    .option("--json", "print the findings as JSON")
    .addHelpText("after", help)
    .action(async ({ config, plan, json = false }: Options) => {
      const { examine } = await import("./doctor/examine.ts"); // here, since libp2p takes a second to load
      const findings = await examine(config, plan);
      console.log(json ? JSON.stringify(findings) : findings.map(line).join("\n"));
      const bad = findings.filter(({ state }) => state === "bad").length;
      if (!json) console.log(bad === 0 ? "\nready to run" : `\n${bad} to mend before the node can take part`);
      if (bad > 0) process.exitCode = 1;
    });
}

const help = `
Each line is good, a note (it works, and could be better) or bad, with what to do; for a closed port it is the sentence to send
to the firewall's team. If the node runs already, its own ports and peers are not tried: consilium status and its log tell.
Exit codes: 0 if nothing is bad, 1 if something is.

Examples:
  consilium doctor --config hospital.yaml
  consilium doctor --config hospital.yaml --plan plan.json
  consilium doctor --config aggregator.yaml --json | jq '.[] | select(.state == "bad")'`;
