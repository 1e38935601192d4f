// The contract's rules by name, as an event can break them. The contract itself emits no event that breaks one; a forged
// history does, and a call that would break one reverts.
import type { Digest, HospitalAddress, RoundId } from "../format/digest.ts";
import type { ContractState } from "./state.ts";

export type ContractRule =
  | "MEMBERSHIP_INCONSISTENT"
  | "TERMS_INVALID"
  | "TERMS_UNKNOWN"
  | "PAUSE_TOO_LONG"
  | "PAUSE_TOO_SOON"
  | "PAUSE_NOT_RUNNING"
  | "GENESIS_FIXED"
  | "PLAN_NOT_AGREED"
  | "ROUNDS_PAUSED"
  | "DIGEST_ZERO"
  | "OPENER_NOT_MEMBER"
  | "OPENER_MUST_WAIT"
  | "ROUND_ORDER"
  | "ROUND_OVERLAP"
  | "ROUND_MEMBERS"
  | "ROUND_TOO_FEW_HOSPITALS"
  | "ROUND_DEADLINES"
  | "ROUND_MISMATCH"
  | "ROUND_STATUS"
  | "BASE_NOT_LAST_MODEL"
  | "COMMITMENT_NOT_MEMBER"
  | "COMMITMENT_DUPLICATE"
  | "COMMITMENT_STATUS"
  | "COMMITMENT_LATE"
  | "COMMITMENT_SAMPLE_COUNT"
  | "COMMITMENTS_HASH"
  | "SHORTENED_UNFOUNDED"
  | "SHORTENED_MISSING"
  | "PRIVATE_SUMS_INVALID"
  | "SEALS_NONE"
  | "SEALS_EXHAUSTED"
  | "SEALER_NOT_MEMBER"
  | "SEAL_STATUS"
  | "SEAL_EARLY"
  | "SEAL_RESERVED"
  | "SEAL_NOT_COMMITTED"
  | "SEAL_TOO_FEW_UPDATES"
  | "SEAL_COUNT"
  | "SEAL_DEADLINE"
  | "PROPOSER_NOT_MEMBER"
  | "PROPOSER_REFUSED"
  | "PROPOSAL_EARLY"
  | "PROPOSAL_RESERVED"
  | "PROPOSAL_STATUS"
  | "PROPOSAL_NUMBER"
  | "PROPOSAL_UNKNOWN"
  | "PROPOSAL_DEADLINE"
  | "PROPOSAL_NOT_COMMITTED"
  | "PROPOSAL_NOT_SEALED"
  | "PROPOSAL_TOO_FEW_UPDATES"
  | "PROPOSALS_EXHAUSTED"
  | "ATTESTATION_NOT_MEMBER"
  | "ATTESTATION_DUPLICATE"
  | "ATTESTATION_STATUS"
  | "ATTESTATION_LATE"
  | "WITHDRAWAL_UNFOUNDED"
  | "WITHDRAWAL_MISSING"
  | "REFUSED_WITHOUT_QUORUM"
  | "REFUSAL_MISSING"
  | "EXPIRED_EARLY"
  | "FINAL_WITHOUT_QUORUM"
  | "FINAL_MODEL_MISMATCH"
  | "FINALITY_MISSING"
  | "ABANDONED_EARLY"
  | "ABANDONMENT_MISSING";

/** One rule that one event breaks, with its facts. */
export interface BrokenRule {
  readonly rule: ContractRule;
  readonly round?: RoundId;
  readonly proposal?: number;
  /** The account that acted, or that the event is about. */
  readonly account?: HospitalAddress;
  readonly digest?: Digest;
  readonly expected?: string;
  readonly found?: string;
  /** What the event says or does, where the rule alone does not say. */
  readonly about?: string;
}

/** What an event makes of a state. */
export interface Outcome {
  readonly state: ContractState;
  readonly broken: readonly BrokenRule[];
}
