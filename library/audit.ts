/**
 * The audit of a federation: as one call by the contract's address, over ports of one's own, and the report as plain data.
 *
 * @module audit
 */
export { type AuditProgress, type AuditRequest, auditFederation } from "../auditor/audit-federation.ts";
export {
  type AuditOptions,
  type AuditPorts,
  auditFederation as auditWithPorts,
} from "../protocol/audit/audit-federation.ts";
export type { ObjectSource } from "../protocol/audit/checked-blobs.ts";
export { jointSource, localExchange } from "../protocol/audit/local-objects.ts";
export {
  type AttestationReport,
  type AuditBasis,
  type AuditEvent,
  type AuditReport,
  type AuditVerdict,
  type BestModel,
  bestModel,
  type ChainAgreement,
  type Contribution,
  type Finding,
  firstFault,
  type HospitalReport,
  type LargestShare,
  largestShare,
  type MemberReport,
  type ObjectKind,
  type ProposalReport,
  type RoundReport,
  type RoundVerdict,
  type Severity,
  type ValidationReport,
} from "../protocol/audit/report.ts";
