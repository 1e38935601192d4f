// The page's auditor: derives the final rounds again from the party's own store while somebody looks, with the lowest
// priority and in a process of its own, so that a node loses neither time nor memory to it. Started by watch-audit.ts.
import { constants, setPriority } from "node:os";
import { openSources } from "../../auditor/sources.ts";
import type { GasSpent } from "../../dashboard/state/inputs.ts";
import { pause } from "../../foundation/pause.ts";
import { recoverSigner } from "../../io/chain/signatures.ts";
import { auditFederation } from "../../protocol/audit/audit-federation.ts";
import type { LedgerEvent } from "../../protocol/contract/events.ts";
import { endWithParent } from "../terminal/end-with-parent.ts";
import type { AuditNews, AuditOrder } from "./audit-messages.ts";
import { readGas } from "./read-gas.ts";

const everyMs = 1_000;
/** Each new final round is a reason to audit again; at most a third of the time goes into it. */
const restFactor = 2;

const controller = new AbortController();
const { signal } = controller;
for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => process.exit(0));
// The listener keeps the process alive until the order comes; endWithParent would let it end before.
process.once("message", (order) => {
  endWithParent();
  audit(order as AuditOrder).catch(() => process.exit(1));
});

async function audit({ target, maxModelBytes }: AuditOrder): Promise<void> {
  setPriority(constants.priority.PRIORITY_LOW);
  const sources = await openSources(target, signal);
  const { ledger } = sources;
  const told = new Map<number, string>();
  const spent = new Map<string, GasSpent>();
  let ended = -1;
  for (;;) {
    const now = await endedRounds();
    if (now !== ended) {
      const started = performance.now();
      await auditOnce().catch(() => {}); // an endpoint that fails: the next turn asks again
      ended = now;
      await pause(restFactor * (performance.now() - started), { signal });
    }
    await pause(everyMs, { signal });
  }

  /** The newest round that has ended. */
  async function endedRounds(): Promise<number> {
    const latest = await ledger.latestRound({ signal });
    if (latest === 0) return 0;
    const { status } = await ledger.round(latest, { signal });
    return status === "final" || status === "abandoned" ? latest : latest - 1;
  }

  async function auditOnce(): Promise<void> {
    const transactions = new Map<string, number>();
    const history = async function* (): AsyncIterable<LedgerEvent> {
      for await (const event of ledger.history({ signal })) {
        if ("round" in event) transactions.set(event.transaction, event.round);
        yield event;
      }
    };
    const heard = { federation: ledger.federation, latestRound: ledger.latestRound, history };
    const ports = { ...sources, ledger: heard, signatures: { recover: recoverSigner } };
    const work = auditFederation(ports, { maxModelBytes, signal });
    for (let step = await work.next(); ; step = await work.next()) {
      if (step.done) {
        const { verdict, first, privacyCost } = step.value;
        tell({ kind: "audited", at: Date.now(), report: { verdict, first, privacyCost } });
        break;
      }
      if (step.value.kind === "round-scored") {
        const { round, validation } = step.value;
        tell({ kind: "round-scores", rounds: [{ round, validation }] });
      }
      if (step.value.kind !== "round-audited") continue;
      const { report } = step.value;
      // A round that still runs is shown as the chain has it.
      if (report.status !== "final" && report.status !== "abandoned") continue;
      const text = JSON.stringify(report);
      if (told.get(report.round) === text) continue;
      told.set(report.round, text);
      tell({ kind: "audited-round", report });
      // With the round's verdict: the audit of the rounds after it may take long.
      await readGas(ledger, transactions, spent, { signal });
      tell({ kind: "gas", spent: [...spent.values()] });
    }
    tell({ kind: "gas", spent: await readGas(ledger, transactions, spent, { signal }) });
  }
}

function tell(news: AuditNews): void {
  process.send?.(news);
}
