// States what an audit rests on: which code the contract has.
import type { AuditBasis, Finding } from "./report.ts";

/** Unknown code can emit any event, so its history may differ from what happened. */
export function basisFindings({ isKnownCode }: AuditBasis): Finding[] {
  if (isKnownCode) return [];
  const text = "the contract's code is not the build that this program knows, and may emit any event";
  return [{ severity: "unavailable", code: "CODE_UNKNOWN", text }];
}
