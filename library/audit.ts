/**
 * The audit of a federation: as one call by the contract's address, over ports of one's own, and the report as plain data.
 *
 * @module audit
 */
export { type AuditProgress, type AuditRequest, auditFederation } from "../auditor/audit-federation.ts";
export type { Estimate } from "../foundation/statistics/proportion.ts";
export {
  type AuditOptions,
  type AuditPorts,
  auditFederation as auditWithPorts,
} from "../protocol/audit/audit-federation.ts";
export type { ObjectSource } from "../protocol/audit/checked-blobs.ts";
export { bestModel, largestShare } from "../protocol/audit/compare-rounds.ts";
export { type Finding, firstFault, type ObjectKind, type Severity } from "../protocol/audit/finding.ts";
export { jointSource, localExchange } from "../protocol/audit/local-objects.ts";
export type {
  AttestationReport,
  AuditBasis,
  AuditEvent,
  AuditReport,
  AuditVerdict,
  BestModel,
  ChainAgreement,
  Contribution,
  HospitalReport,
  LargestShare,
  MemberReport,
  ProposalReport,
  RoundReport,
  RoundVerdict,
  UnreadBlocks,
  ValidationReport,
} from "../protocol/audit/report.ts";
export type { BucketReport, SealReport } from "../protocol/audit/seal-report.ts";
export type { PrivacyCost } from "../protocol/private/privacy-cost.ts";
