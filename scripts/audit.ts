// `consilium audit`: derives every model of a federation again, from its contract and its objects.
import type { Command } from "commander";
import type { AuditVerdict } from "../protocol/audit/report.ts";
import type { RunAuditOptions } from "./audit/run-audit.ts";
import { withReadOptions } from "./ledger/options.ts";

/** Every command ends with 1 if it could not do its work. */
const exitCodes: Readonly<Record<AuditVerdict, number>> = { verified: 0, broken: 2, unavailable: 3, empty: 4 };

/** Adds the command to the program. */
export function auditCommand(program: Command): void {
  const command = program
    .command("audit")
    .description("Derive every model of a federation again, from its contract and its objects alone.")
    .option("--contract <address>", "in place of a federation file: the contract, with --chain-id")
    .option("--chain-id <n>", "the chain that the contract is on")
    .option("--from-block <n>", "block of the contract's creation", "0")
    .option("--peer <multiaddr...>", "hospitals that serve auditors, with their /p2p/ ids")
    .option("--store <dir...>", "stores on this machine that hold the objects; with --peer, where they are kept")
    .option("--run-dir <dir>", "a simulation's folder: its chain is started again unless --rpc is given")
    .option("--out <dir>", "write report.json, audit.html, provenance.json and the model card here")
    .option("--max-model-mib <n>", "largest model that is fetched", "2048");
  withReadOptions(command)
    .addHelpText(
      "after",
      "\nEnds with 0 if everything verified, 2 if something does not hold, 3 if something cannot be had," +
        "\n4 if no round has made a model yet, 1 if the audit could not be made.\n" +
        "\nExamples:\n  consilium audit --run-dir runs/2026-01-01T10-00-00 --out audit" +
        "\n  consilium audit --federation trial.json --rpc http://10.0.0.5:8545 --peer /ip4/10.0.0.9/tcp/4710/p2p/12D3Koo…" +
        "\n  consilium audit --contract 0x5fbd… --chain-id 31337 --store hospital/store --json | jq .verdict",
    )
    .action(async (options: RunAuditOptions) => {
      const { runAudit } = await import("./audit/run-audit.ts"); // here, since --help needs nothing of it
      const { verdict } = await runAudit(options, command.getOptionValueSource("rpc") !== "default");
      process.exitCode = exitCodes[verdict];
    });
}
