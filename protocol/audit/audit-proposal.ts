// Repeats the hospitals' judgement of one proposed model, and reports the faults as findings.

import type { Waiting } from "../../foundation/waiting.ts";
import type { Proposal, RoundState } from "../contract/round.ts";
import type { Digest, HospitalAddress } from "../format/digest.ts";
import type { Collected } from "../judge/collect.ts";
import { leastUpdates } from "../judge/included.ts";
import type { RoundContext } from "../judge/round-context.ts";
import { judgeProposal, type ProposalFault, type VerdictPorts } from "../judge/verdict.ts";
import type { CheckedUpdates } from "./audit-updates.ts";
import { expectation, type RoundFindings } from "./find.ts";
import type { Severity } from "./finding.ts";

export interface ProposalSubject {
  readonly state: RoundState;
  readonly proposal: Proposal;
  readonly context: RoundContext;
  readonly updates: CheckedUpdates;
  /** Models before the round's base, newest first. */
  readonly olderBases: readonly Digest[];
}

/**
 * A fault of a proposal that the hospitals refused is a note; a fault of one that they accepted is broken, and the finding
 * names the hospitals that agreed.
 * @returns the digest of the model that the included updates make; undefined where one is missing or not valid
 */
export async function deriveProposal(
  ports: VerdictPorts,
  findings: RoundFindings,
  subject: ProposalSubject,
  options: { readonly maxModelBytes: number } & Waiting,
): Promise<Digest | undefined> {
  const { state: round, proposal, context, updates, olderBases } = subject;
  const severity = proposal.status === "accepted" ? "broken" : "note";
  const found = new Map<HospitalAddress, Collected>([...updates.valid, ...updates.invalid]);
  const judged = { round, proposal, context, updates: found, olderBases, hadBefore: () => false };
  const judging = judgeProposal(ports, judged, options);
  let step = await judging.next();
  for (; !step.done; step = await judging.next()) report(findings, severity, subject, step.value);
  if (proposal.hasWaited) reportLate(findings, subject);
  return step.value?.model;
}

function report(
  findings: RoundFindings,
  severity: Severity,
  { proposal, context }: ProposalSubject,
  { code, member, expected, found, cause }: ProposalFault,
): void {
  const { number, proposer, model, included, attestations } = proposal;
  const agreed = attestations.filter(({ agree }) => agree).map((each) => each.member);
  const facts = { agreed: agreed.join(" ") };
  const about = { proposal: number, hospital: proposer, object: "model", digest: model, facts } as const;
  if (cause) {
    const why = { ...about, ...expectation(cause) };
    findings.add(severity, cause.code, "the included updates make no model under the plan", why);
    return;
  }
  switch (code) {
    case "DROPPED_UPDATE": {
      const update = { proposal: number, hospital: member!, object: "update", digest: found! } as const;
      findings.add(severity, code, "a valid update was left out of the model", update);
      return;
    }
    case "TOO_FEW_UPDATES": {
      const sizes = { expected: `${leastUpdates(context.plan)}`, found: `${included.length}` };
      const text = "the model averages fewer updates than the plan asks for";
      findings.add(severity, code, text, { ...about, ...sizes });
      return;
    }
    case "WRONG_BASE": {
      const text = "the model is the average of the included updates on another base than the round's";
      findings.add(severity, code, text, { ...about, expected: expected!, found: found! });
      return;
    }
    case "WRONG_MODEL": {
      const text = "the model is not the average of the included updates on the round's base";
      findings.add(severity, code, text, { ...about, expected: expected!, found: found! });
      return;
    }
    default: // audit-updates.ts reports included updates that are invalid or missing, with what is wrong
  }
}

/** Names the hospitals whose valid update a proposal left out after the time for serving it. */
function reportLate(findings: RoundFindings, { proposal, updates }: ProposalSubject): void {
  const { number, included } = proposal;
  for (const [hospital, update] of updates.valid) {
    if (update.status === "masked" || included.includes(hospital)) continue;
    const text = "a valid update was left out: it was not served until the time for that was over";
    const about = { proposal: number, hospital, object: "update", digest: update.manifest.update } as const;
    findings.add("note", "LATE_LEFT_OUT", text, about);
  }
}
