// States what an audit rests on: which code the contract has, and which blocks a single endpoint showed.
import type { Finding } from "./finding.ts";
import type { AuditBasis } from "./report.ts";

/** Unknown code can emit any event, so its history may differ from what happened. */
export function basisFindings({ isKnownCode, unread }: AuditBasis): Finding[] {
  const findings: Finding[] = [];
  if (!isKnownCode) {
    const text = "the contract's code is not the build that this program knows, and may emit any event";
    findings.push({ severity: "unavailable", code: "CODE_UNKNOWN", text });
  }
  if (unread) {
    const { from, to, shownBy } = unread;
    const text = `one endpoint alone shows the blocks ${from} to ${to}: it invents them, or the others stand still`;
    findings.push({ severity: "unavailable", code: "ENDPOINTS_APART", text, facts: { endpoint: shownBy, from, to } });
  }
  return findings;
}
