// Audits a federation from a program, by its contract's address:
//   node audit-from-a-program.ts http://127.0.0.1:8545 0x5fbd… ./store
// Objects come from stores on this machine here; { peers } fetches them from hospitals that serve auditors.
import { type AuditProgress, auditFederation } from "consilium";

const [rpc = "", contract = "", ...stores] = process.argv.slice(2);
const stop = new AbortController();
process.once("SIGINT", () => stop.abort(new Error("stopped")));
const { signal } = stop;

for await (const event of auditFederation({ rpc, contract, stores, signal })) render(event);

function render(event: AuditProgress): void {
  switch (event.kind) {
    case "round-audited": {
      const { round, verdict, hospitals, model } = event.report;
      const included = hospitals.filter(({ contribution }) => contribution === "included").length;
      console.log(`round ${round}: ${verdict}, ${included} of ${hospitals.length} hospitals, model ${model ?? "none"}`);
      break;
    }
    case "finding":
      console.log(`${event.finding.severity}: ${event.finding.text}`);
      break;
    case "finished":
      console.log(
        `${event.report.verdict}: ${event.report.counts.models} models of ${event.report.counts.updates} updates`,
      );
      process.exitCode = event.report.verdict === "verified" ? 0 : 1;
      break;
    default: // a round begins, or an update was checked: for a progress bar
  }
}
