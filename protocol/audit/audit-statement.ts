// Checks the object that an attestation names: the hospital's scores of the model, or the reason of its refusal. The audit
// compares it with the attestation. Only the hospital itself can check that its scores are true.

import { groupedArea, groupedCalibration, type ScoreCell } from "../../foundation/statistics/grouped-scores.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Attestation, Proposal } from "../contract/round.ts";
import { type Digest, type HospitalAddress, zeroDigest } from "../format/digest.ts";
import { decodeRefusal, type Refusal } from "../format/refusal.ts";
import { decodeValidationScores } from "../format/validation-scores.ts";
import type { CollectPorts } from "../judge/collecting.ts";
import type { ScoreHistogram } from "../private/sum-layout.ts";
import type { RoundFindings } from "./find.ts";
import type { AuditedRound } from "./replay.ts";
import type { AttestationReport, ValidationReport } from "./report.ts";

const accountFields: ReadonlySet<string> = new Set(["hospital", "proposer"]);

/** Both kinds of statement are smaller; scores of version 1 with 100,000 patients have 4 MiB. */
const maxStatementBytes = 4 << 20;

/** Refusals that anyone can check from the objects; the others depend on what a hospital received, and when. */
const decided: ReadonlySet<string> = new Set<Refusal["code"]>(["WRONG_MODEL", "WRONG_BASE", "TOO_FEW_UPDATES"]);

export interface StatementSubject extends Pick<AuditedRound, "state" | "isSameMember"> {
  readonly proposal: Proposal;
  /** The model that the included updates make. */
  readonly derived: Digest | undefined;
  /** With private sums a vote for a model names the key of its sum; the key is undefined where none was found. */
  readonly sum?: { readonly key: Digest | undefined } | undefined;
}

export interface CheckedStatement {
  readonly report: AttestationReport;
  /** The auditor pools it with those of other hospitals; undefined without scores. */
  readonly scores?: ClassScores;
}

/** How many patients of each class scored in which range. */
export interface ClassScores {
  readonly positives: readonly ScoreCell[];
  readonly negatives: readonly ScoreCell[];
}

export async function checkStatement(
  { blobs, exchange }: Pick<CollectPorts, "blobs" | "exchange">,
  findings: RoundFindings,
  { state, proposal, derived, isSameMember, sum }: StatementSubject,
  { attestation, ...waiting }: { attestation: Attestation } & Waiting,
): Promise<CheckedStatement> {
  const { member: hospital, signer, agree, scores: digest } = attestation;
  const { model, number, proposer } = proposal;
  const bare: AttestationReport = { hospital, agree };
  if (digest === zeroDigest) return { report: bare };
  const report = { ...bare, statement: digest };
  const about = { hospital, proposal: number, object: agree ? "scores" : "refusal", digest } as const;
  const isSameAccount = (a: unknown, b: unknown) => isSameMember(a as HospitalAddress, b as HospitalAddress);
  const hold = (said: object, meant: Readonly<Record<string, string | number>>) => {
    for (const [field, expected] of Object.entries(meant)) {
      const found = (said as Readonly<Record<string, unknown>>)[field];
      // A statement names the key that the account had when it was made.
      if (found === expected || (accountFields.has(field) && isSameAccount(found, expected))) continue;
      const facts = { ...about, expected: String(expected), found: String(found), facts: { field } };
      findings.add("broken", "STATEMENT_MISMATCH", "a statement is about something else than its attestation", facts);
    }
  };
  if (agree && sum) {
    if (sum.key !== undefined && digest !== sum.key) {
      const text = "a vote for the model names something else than the key of its sum";
      findings.add("broken", "STATEMENT_MISMATCH", text, { ...about, object: "key", expected: sum.key, found: digest });
    }
    return { report };
  }
  try {
    await exchange.fetch(digest, { maxBytes: maxStatementBytes, preferred: hospital, ...waiting });
    const bytes = await blobs.get(digest, { maxBytes: maxStatementBytes });
    if (!agree) {
      const refusal = decodeRefusal(bytes);
      hold(refusal, { round: state.id, proposal: number, proposer });
      if (derived === model && decided.has(refusal.code)) {
        findings.add("note", "REFUSAL_UNFOUNDED", `a hospital refused a model that derives: ${refusal.code}`, about);
      }
      return { report: { ...report, refusal: refusal.code } };
    }
    const scores = decodeValidationScores(bytes);
    hold(scores, { round: state.id, hospital: signer, model });
    return { report: { ...report, validation: validationOf(scores) }, scores };
  } catch (error) {
    findings.object(error, about);
    return { report };
  }
}

/** The patients of a histogram by score; undefined where it holds a count that no hospital's patients make. */
export function histogramCells({ positives, negatives }: ScoreHistogram): ClassScores | undefined {
  const isCount = (count: number) => count >= 0;
  if (!positives.every(isCount) || !negatives.every(isCount)) return undefined;
  const cells = (counts: Int32Array): ScoreCell[] =>
    Array.from(counts, (count, bin) => ({ low: bin / counts.length, high: (bin + 1) / counts.length, count }));
  const isHeld = ({ count }: ScoreCell) => count > 0;
  return { positives: cells(positives).filter(isHeld), negatives: cells(negatives).filter(isHeld) };
}

export function validationOf({ positives, negatives }: ClassScores): ValidationReport {
  const count = (cells: readonly ScoreCell[]) => cells.reduce((sum, cell) => sum + cell.count, 0);
  const counts = { patients: count(positives) + count(negatives), positives: count(positives) };
  if (positives.length === 0 || negatives.length === 0) return { ...counts, isAtChance: true };
  const auc = groupedArea(positives, negatives);
  const calibrationError = groupedCalibration(positives, negatives).ece;
  return { ...counts, auc, calibrationError, isAtChance: auc.low <= 0.5 && auc.high >= 0.5 };
}
