// `consilium audit`: derives every model of a federation again, from its contract and its objects.
import { resolve } from "node:path";
import type { Command } from "commander";
import { FedError } from "../foundation/errors.ts";
import { recoverSigner } from "../io/chain/signatures.ts";
import { auditFederation } from "../protocol/audit/audit-federation.ts";
import type { AuditReport, AuditVerdict } from "../protocol/audit/report.ts";
import { reportText } from "./audit/show-report.ts";
import { openTarget } from "./audit/sources.ts";
import { readTarget, type TargetOptions } from "./audit/target.ts";
import { watchAudit } from "./audit/watch.ts";
import { readTestScores, writeReport } from "./audit/write-report.ts";
import { parseCount, withReadOptions } from "./ledger/options.ts";

interface Options extends TargetOptions {
  readonly out?: string;
  readonly maxModelMib: string;
}

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
    .action(async (options: Options) => {
      const { verdict } = await audit(options, command.getOptionValueSource("rpc") !== "default");
      process.exitCode = exitCodes[verdict];
    });
}

async function audit(options: Options, rpcGiven: boolean): Promise<AuditReport> {
  const controller = new AbortController();
  const stop = () => controller.abort(new FedError("ABORTED", { what: "stopped" }));
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, stop);
  const { signal } = controller;
  const maxModelBytes = parseCount(options.maxModelMib, "--max-model-mib") * 2 ** 20;
  const sources = await openTarget(await readTarget(options, rpcGiven), signal);
  try {
    const signatures = { recover: recoverSigner };
    const work = auditFederation({ ...sources, signatures }, { maxModelBytes, signal });
    const report = await watchAudit(work, { quiet: options.json === true });
    const files = options.out === undefined ? [] : await writeOut(report, options, options.out);
    if (options.json) console.log(JSON.stringify(report));
    else console.log(reportText(report, files));
    return report;
  } finally {
    await sources.close();
  }
}

async function writeOut(report: AuditReport, { runDir }: Options, out: string): Promise<readonly string[]> {
  const testScores = runDir === undefined ? undefined : await readTestScores(resolve(runDir));
  return writeReport(resolve(out), report, testScores);
}
