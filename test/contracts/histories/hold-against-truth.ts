// Audits a played history, and compares what the audit finds with what is true.
import { expect } from "chai";
import { recoverSigner } from "../../../io/chain/signatures.ts";
import { auditFederation } from "../../../protocol/audit/audit-federation.ts";
import type { Finding } from "../../../protocol/audit/finding.ts";
import { localExchange } from "../../../protocol/audit/local-objects.ts";
import type { AuditReport } from "../../../protocol/audit/report.ts";
import type { RoundId } from "../../../protocol/format/digest.ts";
import type { Ledger } from "../../../protocol/ports.ts";
import type { PlayedHistory } from "./played.ts";
import { type ExpectedFault, truthOf } from "./truth.ts";

export async function auditPlayed(
  { federation, events, store, rounds }: PlayedHistory,
  history: Ledger["history"] = async function* () {
    yield* events;
  },
): Promise<AuditReport> {
  const ledger = { federation, latestRound: async () => rounds.length as RoundId, history };
  const ports = { ledger, blobs: store, exchange: localExchange(store), signatures: { recover: recoverSigner } };
  const work = auditFederation(ports, { maxModelBytes: 1 << 20 });
  let step = await work.next();
  while (!step.done) step = await work.next();
  return step.value;
}

/** @throws where the audit says anything else than what is true */
export function holdAgainstTruth(played: PlayedHistory, report: AuditReport): void {
  const { verdict, faults } = truthOf(played);
  const memberOf = new Map(
    report.members.flatMap(({ index, addresses }) => addresses.map((key) => [key, index] as const)),
  );
  const found = [...report.findings, ...report.rounds.flatMap(({ findings }) => findings)];
  const said = found.filter(({ severity }) => severity !== "note");
  const toText = ({ severity, round, what, who }: ExpectedFault) =>
    `${severity} round ${round} ${what} of ${who ?? "nobody"}`;
  const expected = faults.map(toText);
  const told = said.map((finding) =>
    toText({
      severity: finding.severity as "broken",
      round: finding.round ?? 0,
      what: whatOf(finding),
      who: finding.hospital && memberOf.get(finding.hospital),
    }),
  );
  const codes = said.map(({ code, round }) => `${code} ${round}`).join(", ");
  expect([...new Set(told)].sort(), codes).to.deep.equal([...new Set(expected)].sort());
  expect(report.verdict, codes).to.equal(verdict);
}

function whatOf({ code, object }: Finding): ExpectedFault["what"] {
  if (code === "TOO_FEW_UPDATES") return "too few";
  if (object === "scores" || object === "refusal") return "statement";
  if (object === "manifest" || object === "update") return "update";
  return object === "plan" ? "plan" : "model";
}
