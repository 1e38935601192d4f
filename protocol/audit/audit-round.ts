// Derives one round again: plan, base, every committed update, every proposal, every attestation's statement, the model.

import { isFedError } from "../../foundation/errors.ts";
import type { ScoreCell } from "../../foundation/statistics/grouped-scores.ts";
import type { Waiting } from "../../foundation/waiting.ts";
import type { Proposal } from "../contract/round.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import type { FederationId } from "../format/federation-id.ts";
import type { Plan } from "../format/plan.ts";
import type { CollectPorts } from "../judge/collecting.ts";
import { blobHeader, fetchPlan, type RoundContext } from "../judge/round-context.ts";
import { checkMechanism } from "../private/agreed-mechanism.ts";
import { privateWeight } from "../private/contribution.ts";
import { baseLayout } from "../strategy/base-layout.ts";
import { weightShares } from "../strategy/weight-shares.ts";
import { deriveProposal } from "./audit-proposal.ts";
import { checkStatement, histogramCells, validationOf } from "./audit-statement.ts";
import { compareWithSum, type DerivedSum, deriveSum } from "./audit-sum.ts";
import { type CheckedUpdates, checkUpdates, reportUpdates } from "./audit-updates.ts";
import { expectation, RoundFindings } from "./find.ts";
import { firstFault } from "./finding.ts";
import type { AuditedRound } from "./replay.ts";
import type {
  AttestationReport,
  AuditEvent,
  Contribution,
  HospitalReport,
  ProposalReport,
  RoundReport,
} from "./report.ts";

export interface AuditRoundOptions extends Waiting {
  readonly federation: FederationId;
  readonly maxModelBytes: number;
  /** Bases and models of the rounds so far, newest first: this round's base is the first. */
  readonly bases: readonly Digest[];
  /** Called for each plan that could be read. */
  readonly onPlan: (digest: Digest, plan: Plan) => void;
}

/**
 * Proposals of a round that are derived besides the accepted one. Each takes the time of reading all updates, and costs
 * its proposer one event: without a limit, members who propose nonsense would decide how long an audit takes.
 */
const mostOthersDerived = 3;

const nothing: CheckedUpdates = { valid: new Map(), invalid: new Map(), missing: new Map() };

export async function* auditRound(
  ports: CollectPorts,
  record: AuditedRound,
  options: AuditRoundOptions,
): AsyncGenerator<AuditEvent, RoundReport> {
  const { state, isSameMember } = record;
  const { maxModelBytes, signal } = options;
  const waiting = { signal };
  const round = state.id;
  const findings = new RoundFindings(round);
  findings.list.push(...record.findings);
  yield { kind: "round-started", round, commitments: state.commitments.length };

  const accepted = state.proposals.find(({ status }) => status === "accepted");
  // No model depends on a round that made none, so an object that is missing there is a note.
  const missing = state.status === "final" ? "unavailable" : "note";
  const context = await openContext(ports, findings, state, { ...options, missing });
  let updates = nothing;
  if (context) {
    const checking = checkUpdates(ports, { state, context }, { maxModelBytes, ...waiting });
    for (;;) {
      const step = await checking.next();
      if (step.done) {
        updates = step.value;
        break;
      }
      yield { kind: "update-checked", round, done: step.value.done, of: state.commitments.length };
    }
    reportUpdates(findings, updates, { record, context, accepted });
  }
  const isPrivate = context?.plan.privacy !== undefined;
  if (context) checkPlannedSums(findings, record, context.plan);
  const sum =
    context && isPrivate ? await deriveSum(ports, findings, { state, context, updates, accepted }, waiting) : undefined;

  const olderBases = options.bases.slice(1);
  const proposals: ProposalReport[] = [];
  const pooled: { positives: ScoreCell[]; negatives: ScoreCell[] } = { positives: [], negatives: [] };
  let othersDerived = 0;
  for (const proposal of state.proposals) {
    const isDue = proposal === accepted || othersDerived++ < mostOthersDerived;
    if (!isDue) {
      const text = "this refused or expired proposal was not derived again: there are too many in the round";
      findings.add("note", "NOT_DERIVED", text, { proposal: proposal.number, hospital: proposal.proposer });
    }
    const subject = context && isDue ? { state, proposal, context, updates, olderBases } : undefined;
    const derived = !subject
      ? undefined
      : isPrivate
        ? compareWithSum(findings, subject, { proposal, derived: sum })
        : await deriveProposal(ports, findings, subject, { maxModelBytes, ...waiting });
    const attestations: AttestationReport[] = [];
    for (const attestation of proposal.attestations) {
      const voted = { state, proposal, derived, isSameMember, sum: isPrivate ? { key: sum?.key } : undefined };
      const checked = await checkStatement(ports, findings, voted, { attestation, ...waiting });
      attestations.push(checked.report);
      if (proposal !== accepted || !checked.scores) continue;
      for (const cell of checked.scores.positives) pooled.positives.push(cell);
      for (const cell of checked.scores.negatives) pooled.negatives.push(cell);
    }
    const { number, proposer, model, included, status } = proposal;
    proposals.push({ number, proposer, model, included, status, derived, attestations });
  }

  const { model } = state;
  if (model) await checkModel(ports, findings, model, { maxModelBytes, ...waiting });
  const derived = model !== undefined && proposals.some((each) => each.status === "accepted" && each.derived === model);
  const report: RoundReport = {
    round,
    verdict: verdictOf(findings, { derived, final: state.status === "final" }),
    ...{ status: state.status, opener: state.opener, openedAt: record.openedAt, plan: state.plan, base: state.base },
    model,
    derived,
    hospitals: hospitalReports(record, updates, accepted, context),
    proposals,
    ...sumReport(state, sum),
    validation: pooled.positives.length + pooled.negatives.length > 0 ? validationOf(pooled) : undefined,
    findings: findings.list,
  };
  for (const finding of findings.list) yield { kind: "finding", finding };
  yield { kind: "round-audited", report };
  return report;
}

/** A round whose plan hides updates in another way than the contract says for ever is broken if it made a model. */
function checkPlannedSums(findings: RoundFindings, { state, privateSums }: AuditedRound, plan: Plan): void {
  try {
    checkMechanism(plan, privateSums);
  } catch (error) {
    if (!isFedError(error, "MECHANISM_MISMATCH")) throw error;
    const text = "the plan hides updates in another way than the contract was founded with";
    const about = { object: "plan", digest: state.plan, ...expectation(error) } as const;
    findings.add(state.status === "final" ? "broken" : "note", error.code, text, about);
  }
}

/** What the report says of a round with private sums. */
function sumReport(
  { seal }: AuditedRound["state"],
  sum: DerivedSum | undefined,
): Pick<RoundReport, "seal" | "baseValidation"> {
  if (!seal) return {};
  const { by, included } = seal;
  const cells = sum && sum.histogram.positives.length > 0 ? histogramCells(sum.histogram) : undefined;
  const buckets = sum?.buckets && { buckets: sum.buckets };
  return { seal: { by, included, key: sum?.key, ...buckets }, baseValidation: cells && validationOf(cells) };
}

/** Plan and base; undefined if one of them is missing or malformed: nothing can be derived then. */
async function openContext(
  ports: CollectPorts,
  findings: RoundFindings,
  { plan: planDigest, base }: AuditedRound["state"],
  {
    federation,
    maxModelBytes,
    bases,
    onPlan,
    missing,
    signal,
  }: AuditRoundOptions & { missing: "unavailable" | "note" },
): Promise<RoundContext | undefined> {
  const waiting = { signal };
  let context: RoundContext | undefined;
  try {
    const plan = await fetchPlan(ports, planDigest, waiting);
    onPlan(planDigest, plan);
    context = { federation, plan, bases: bases.slice(0, 1 + plan.strategy.maxStaleness), baseHeaders: new Map() };
  } catch (error) {
    findings.object(error, { object: "plan", digest: planDigest }, { missing });
  }
  try {
    await ports.exchange.fetch(base, { maxBytes: maxModelBytes, ...waiting });
    const header = await blobHeader(ports.blobs, base);
    // Else every hospital's update would seem wrong.
    if (context) baseLayout(header, context.plan);
  } catch (error) {
    findings.object(error, { object: "model", digest: base }, { missing });
    return undefined;
  }
  return context;
}

/** Checks the published file too: the model is derived from other objects, but people download this one. */
async function checkModel(
  { blobs, exchange }: CollectPorts,
  findings: RoundFindings,
  digest: Digest,
  { maxModelBytes, ...waiting }: { maxModelBytes: number } & Waiting,
): Promise<void> {
  try {
    await exchange.fetch(digest, { maxBytes: maxModelBytes, ...waiting });
    await blobs.outline(digest);
  } catch (error) {
    findings.object(error, { object: "model", digest });
  }
}

function verdictOf(findings: RoundFindings, { derived, final }: { derived: boolean; final: boolean }) {
  const fault = firstFault(findings.list);
  if (fault) return fault.severity as "broken" | "unavailable";
  if (!final) return "none";
  // No finding and no model: this must never count as verified.
  if (!derived) findings.add("broken", "NOT_DERIVED", "the model was not derived", { object: "model" });
  return derived ? "verified" : "broken";
}

function hospitalReports(
  { state }: AuditedRound,
  { valid, invalid, missing }: CheckedUpdates,
  accepted: Proposal | undefined,
  context: RoundContext | undefined,
): HospitalReport[] {
  const contributionOf = (hospital: HospitalAddress): Contribution => {
    if (accepted?.included.includes(hospital)) return "included";
    if (invalid.has(hospital)) return "invalid";
    return missing.has(hospital) || !context ? "unserved" : "left-out";
  };
  const shares = sharesOf(state, valid, accepted, context);
  return state.members.map((hospital) => {
    const commitment = state.commitments.find(({ member }) => member === hospital);
    if (!commitment) return { hospital, contribution: "silent" };
    const { manifest, sampleCount } = commitment;
    const committed = { hospital, contribution: contributionOf(hospital), manifest, sampleCount };
    const update = valid.get(hospital);
    if (!update) return committed;
    const share = shares.get(hospital);
    const { base, shard, software } = update.manifest;
    if (update.status === "masked") {
      const { masked, deal } = update.manifest;
      return { ...committed, masked, deal, base, age: 0, shard, software, share };
    }
    const { update: digest, updateBytes, finalLoss, seconds } = update.manifest;
    const trained = { base, age: update.age, shard, software, finalLoss, seconds };
    return { ...committed, update: digest, updateBytes, ...trained, share };
  });
}

/** Shares of the accepted average's weight; empty if one of its updates is missing or invalid. */
function sharesOf(
  { members }: AuditedRound["state"],
  valid: CheckedUpdates["valid"],
  accepted: Proposal | undefined,
  context: RoundContext | undefined,
): ReadonlyMap<HospitalAddress, number> {
  const included = (accepted?.included ?? []).flatMap((member) => valid.get(member) ?? []);
  if (!context || included.length === 0 || included.length !== accepted?.included.length) return new Map();
  const { privacy } = context.plan;
  const updates = included.map((update) => {
    const { member, manifest } = update;
    const { sampleCount } = manifest;
    const counted = privacy ? privateWeight(sampleCount, privacy.unitWeight) : sampleCount;
    return { index: members.indexOf(member), sampleCount: counted, age: update.status === "masked" ? 0 : update.age };
  });
  const shares = weightShares(updates, context.plan) ?? [];
  return new Map(
    included.flatMap(({ member }, place) => (shares[place] === undefined ? [] : [[member, shares[place]]])),
  );
}
