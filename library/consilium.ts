/**
 * The entrance for programs that embed Consilium: audit a federation, import an archive of CT, run a hospital.
 *
 * The building blocks are in `consilium/protocol` (objects, updates, aggregation), `consilium/audit` (reports and the audit
 * over ports of one's own) and `consilium/imaging` (DICOM, shards, the synthetic archive).
 *
 * @module consilium
 */
export { type AuditProgress, type AuditRequest, auditFederation } from "../auditor/audit-federation.ts";
export type { ErrorKind } from "../foundation/errors/kinds.ts";
export { type ErrorCode, type ErrorFacts, FedError, isFedError } from "../foundation/errors.ts";
export { fetchedFolder, hasFetched, type Need } from "../foundation/fetched-packages.ts";
export { version } from "../foundation/version.ts";
export type { ImportProgress } from "../imaging/import/fill-shard.ts";
export { importArchive, planImport } from "../imaging/import/import-archive.ts";
export type { ImportOptions } from "../imaging/import/import-options.ts";
export type { ImportReport } from "../imaging/import/import-report.ts";
export type { ImportSummary } from "../imaging/import/import-summary.ts";
export type { ImageServer, InstanceName, ListedInstance } from "../imaging/source/image-server.ts";
export type { EventOfHospital, EventOfRound, HospitalEvent } from "../node/events.ts";
export { type HospitalRun, runHospital } from "../node/run-hospital.ts";
export type { BudgetSpent } from "../party/sum-budget.ts";
export type { SumEvent } from "../party/sum-events.ts";
export type { SumObjectKind } from "../party/sum-observations.ts";
export type { Finding } from "../protocol/audit/finding.ts";
export type { AuditEvent, AuditReport, AuditVerdict, RoundReport } from "../protocol/audit/report.ts";
export type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
export type { RefusalCode } from "../protocol/format/refusal.ts";
export type { DealerFault } from "../protocol/judge/dealers.ts";
export type { Log } from "../protocol/ports.ts";
export type { PrivacyCost } from "../protocol/private/privacy-cost.ts";
