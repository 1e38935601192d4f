// Shows an audit's progress on stderr: a line for each round and, on a terminal, a bar.
import pc from "picocolors";
import type { AuditEvent, AuditReport, RoundReport } from "../../protocol/audit/report.ts";
import { progressBars } from "../terminal/progress.ts";
import { shortName } from "./names.ts";

/** Runs the audit to its end. @param quiet shows nothing */
export async function watchAudit(
  audit: AsyncGenerator<AuditEvent, AuditReport>,
  { quiet }: { quiet: boolean },
): Promise<AuditReport> {
  const bars = quiet ? undefined : progressBars();
  const bar = bars?.add("auditing");
  let round = "";
  try {
    for (;;) {
      const step = await audit.next();
      if (step.done) return step.value;
      const event = step.value;
      if (event.kind === "round-started") {
        round = `round ${event.round}`;
        bar?.update(0, event.commitments, round);
      } else if (event.kind === "update-checked") bar?.update(event.done, event.of, `${round}, updates`);
      else if (event.kind === "round-audited" && !quiet && !process.stderr.isTTY) {
        process.stderr.write(`${roundLine(event.report)}\n`);
      }
    }
  } finally {
    bars?.stop();
  }
}

function roundLine({ round, verdict, model }: RoundReport): string {
  return `round ${String(round).padEnd(4)} ${verdict.padEnd(12)} ${pc.dim(model ? shortName(model) : "")}`.trimEnd();
}
