// What an audit says of its own ground: which code the contract has.
import type { AuditBasis, Finding } from "./report.ts";

/** Code that is not known can emit any event: nobody can tell what its history says from what happened. */
export function basisFindings({ isKnownCode }: AuditBasis): Finding[] {
  if (isKnownCode) return [];
  const text = "the contract's code is not the build that this program knows, and may emit any event";
  return [{ severity: "unavailable", code: "CODE_UNKNOWN", text }];
}
