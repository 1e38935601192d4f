// A broken rule of the contract as a finding: one sentence for people, and the kind of object that its digest names.
import type { BrokenRule, ContractRule } from "../contract/broken-rule.ts";
import type { Finding, ObjectKind } from "./finding.ts";

type Sentence = string | ((broken: BrokenRule) => string);

const sentences: Readonly<Record<ContractRule, Sentence>> = {
  MEMBERSHIP_INCONSISTENT: ({ about }) => `the event ${about} does not fit the members before it`,
  TERMS_INVALID: "the terms are outside the contract's bounds",
  TERMS_UNKNOWN: "no terms were set before the round opened: events are missing from the history",
  PAUSE_TOO_LONG: "the rounds were paused for longer than the contract allows",
  PAUSE_TOO_SOON: "the rounds were paused again too soon after the last pause",
  PAUSE_NOT_RUNNING: "a pause was ended though none was running",
  GENESIS_FIXED: "the genesis model was changed after a round had opened",
  PLAN_NOT_AGREED: "the round's plan is not the one that the consortium had agreed on",
  ROUNDS_PAUSED: ({ about }) => `the event ${about} came while the rounds were paused`,
  DIGEST_ZERO: ({ about }) => `the event ${about} names no object`,
  OPENER_NOT_MEMBER: "the round was opened by an account that was not a member",
  OPENER_MUST_WAIT: "a member that had failed as an opener opened a round in the time that is for others",
  ROUND_ORDER: ({ expected, found }) => `round ${found} opened where round ${expected} was next`,
  ROUND_OVERLAP: ({ found, about }) => `the round opened while round ${found} was ${about}`,
  ROUND_MEMBERS: "the round's hospitals are not the hospitals that were active when it opened",
  ROUND_TOO_FEW_HOSPITALS: "the round opened with fewer hospitals than the terms ask for",
  ROUND_DEADLINES: "the round's deadlines are not the terms' periods after its block",
  ROUND_MISMATCH: ({ about }) => `an event ${about} names a round that is not the newest`,
  ROUND_STATUS: ({ about, found }) => `the event ${about} came while the round was ${found}`,
  BASE_NOT_LAST_MODEL: "the round's base is not the last final model, or not the genesis",
  COMMITMENT_NOT_MEMBER: "an account committed that was not a hospital of the round at that block",
  COMMITMENT_DUPLICATE: "a hospital committed twice in the round",
  COMMITMENT_STATUS: ({ found }) => `a commitment came while the round was ${found}`,
  COMMITMENT_LATE: "a commitment came after its deadline",
  COMMITMENT_SAMPLE_COUNT: "a sample count is outside the contract's bounds",
  COMMITMENTS_HASH: "the contract's hash of all commitments is not that of the commitments in the history",
  SHORTENED_UNFOUNDED: "committing was shortened before the stated share of hospitals had committed",
  SHORTENED_MISSING: "the stated share of hospitals had committed, and committing was not shortened",
  PRIVATE_SUMS_INVALID:
    "the private sums that the federation says it was founded with contradict each other or its history",
  SEALS_NONE: "a round was sealed in a federation without private sums",
  SEALS_EXHAUSTED: "a round opened after the privacy budget was spent",
  SEALER_NOT_MEMBER: "a round was sealed by an account that was not a member at that block",
  SEAL_STATUS: ({ found }) => `a seal came while the round was ${found}`,
  SEAL_EARLY: "the round was sealed while hospitals could still commit",
  SEAL_RESERVED: "a member sealed the round in the time in which only the opener may",
  SEAL_NOT_COMMITTED: "the seal includes hospitals that did not commit",
  SEAL_TOO_FEW_UPDATES: "the seal includes too few of the round's hospitals",
  SEAL_COUNT: "the seal's number is not the next one: the privacy budget was not charged as it must be",
  SEAL_DEADLINE: "the time for the opener's proposal is not the terms' period after the seal's block",
  PROPOSER_NOT_MEMBER: "a model was proposed by an account that was not a member at that block",
  PROPOSER_REFUSED: "a member whose proposal was refused proposed again in the round",
  PROPOSAL_EARLY: "a model was proposed while hospitals could still commit",
  PROPOSAL_RESERVED: "a member proposed in the time in which only the opener may",
  PROPOSAL_STATUS: ({ found }) => `a proposal was made or closed while the round or the proposal was ${found}`,
  PROPOSAL_NUMBER: "a proposal is missing",
  PROPOSAL_UNKNOWN: ({ about }) => `an event ${about} names a proposal that was never made`,
  PROPOSAL_DEADLINE: "the deadline for attesting is not the terms' period after the proposal's block",
  PROPOSAL_NOT_COMMITTED: "the proposal includes hospitals that did not commit",
  PROPOSAL_NOT_SEALED: "the proposal includes other hospitals than the seal",
  PROPOSAL_TOO_FEW_UPDATES: "the proposal includes fewer updates than the terms ask for",
  PROPOSALS_EXHAUSTED: "a model was proposed after the last proposal that the terms allow",
  ATTESTATION_NOT_MEMBER: "an account attested that was not a hospital of the round at that block",
  ATTESTATION_DUPLICATE: "a hospital attested a proposal twice",
  ATTESTATION_STATUS: ({ found }) => `an attestation came when the proposal was ${found}`,
  ATTESTATION_LATE: "an attestation came after its deadline",
  WITHDRAWAL_UNFOUNDED: "an attestation was withdrawn though its hospital was not revoked while the proposal was open",
  WITHDRAWAL_MISSING: "a hospital was revoked, and its attestation of the open proposal was not withdrawn",
  REFUSED_WITHOUT_QUORUM: "a proposal was refused by too few hospitals",
  REFUSAL_MISSING: "a third of the hospitals or more disagreed, and the proposal was not refused",
  EXPIRED_EARLY: "a proposal expired before its deadline",
  FINAL_WITHOUT_QUORUM: "the model became final by too few attestations",
  FINAL_MODEL_MISMATCH: "the model that became final is not the one that was proposed",
  FINALITY_MISSING: "more than two thirds agreed, and the model did not become final",
  ABANDONED_EARLY: "the round was abandoned before it was due",
  ABANDONMENT_MISSING: "the last proposal that the terms allow failed, and the round was not abandoned",
};

export function findingOf(broken: BrokenRule): Finding {
  const { rule, round, proposal, account, digest, expected, found } = broken;
  const sentence = sentences[rule];
  const text = typeof sentence === "string" ? sentence : sentence(broken);
  return {
    severity: "broken",
    code: rule,
    text,
    round,
    proposal,
    hospital: account,
    object: digest && objectOf(rule),
    digest,
    expected,
    found,
  };
}

function objectOf(rule: ContractRule): ObjectKind {
  return rule.startsWith("COMMITMENT_") ? "manifest" : "model";
}
