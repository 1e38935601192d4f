// The contract's error for each rule that a call would break, so that the fake refuses in the same words.
import { type ErrorCode, FedError } from "../../foundation/errors.ts";
import type { BrokenRule, ContractRule } from "../../protocol/contract/broken-rule.ts";

/** Codes of the errors that the contract may revert with; those of a rule that has the error's own name are left out. */
const errors: Partial<Record<ContractRule, readonly ErrorCode[]>> = {
  MEMBERSHIP_INCONSISTENT: ["MEMBER_UNKNOWN", "MEMBER_INDEX_UNKNOWN", "MEMBER_ALREADY_ADMITTED", "MEMBERS_FULL"],
  OPENER_NOT_MEMBER: ["MEMBER_UNKNOWN"],
  OPENER_MUST_WAIT: ["ROUND_OPENER_MUST_WAIT"],
  ROUND_OVERLAP: ["ROUND_RUNNING"],
  ROUND_STATUS: ["ROUND_NOTHING_DUE"],
  COMMITMENT_NOT_MEMBER: ["MEMBER_NOT_IN_ROUND", "MEMBER_UNKNOWN", "MEMBER_NOT_HOSPITAL"],
  COMMITMENT_STATUS: ["ROUND_STATUS"],
  SEALER_NOT_MEMBER: ["MEMBER_UNKNOWN"],
  SEAL_STATUS: ["ROUND_STATUS"],
  PROPOSER_NOT_MEMBER: ["MEMBER_UNKNOWN"],
  PROPOSAL_STATUS: ["PROPOSAL_OPEN", "ROUND_STATUS"],
  ATTESTATION_NOT_MEMBER: ["MEMBER_NOT_IN_ROUND", "MEMBER_UNKNOWN", "MEMBER_NOT_HOSPITAL"],
  ATTESTATION_STATUS: ["ROUND_STATUS"],
  EXPIRED_EARLY: ["ROUND_NOTHING_DUE"],
  ABANDONED_EARLY: ["ROUND_NOTHING_DUE"],
  ABANDONMENT_MISSING: ["PROPOSALS_EXHAUSTED"],
};

/** The contract's error for the first rule that is broken. `errors` names all that fit: its own order is another. */
export function refusalOf(broken: readonly BrokenRule[]): FedError {
  const codes = broken.flatMap(({ rule }) => errors[rule] ?? [rule]);
  return new FedError(codes[0]!, { errors: codes.join(" ") });
}
