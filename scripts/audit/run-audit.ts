// The work of `consilium audit`: opens the sources, derives every model again, and writes what was found.
import { resolve } from "node:path";
import { FedError } from "../../foundation/errors.ts";
import { recoverSigner } from "../../io/chain/signatures.ts";
import { auditFederation } from "../../protocol/audit/audit-federation.ts";
import type { AuditReport } from "../../protocol/audit/report.ts";
import { parseCount } from "../ledger/options.ts";
import { reportText } from "./show-report.ts";
import { openTarget } from "./sources.ts";
import { readTarget, type TargetOptions } from "./target.ts";
import { watchAudit } from "./watch.ts";
import { readTestScores, writeReport } from "./write-report.ts";

export interface RunAuditOptions extends TargetOptions {
  readonly out?: string;
  readonly maxModelMib: string;
}

/**
 * Audits and reports as the options say.
 * @param rpcGiven whether the operator named an endpoint
 * @throws OPTION_*, RUN_UNKNOWN, FEDERATION_FILE_*, ABORTED
 */
export async function runAudit(options: RunAuditOptions, rpcGiven: boolean): Promise<AuditReport> {
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

async function writeOut(report: AuditReport, { runDir }: RunAuditOptions, out: string): Promise<readonly string[]> {
  const testScores = runDir === undefined ? undefined : await readTestScores(resolve(runDir));
  return writeReport(resolve(out), report, testScores);
}
