// Members and rounds as parties read them: rules.ts derives them from the contract's events.
import type { Digest, HospitalAddress, RoundId } from "../format/digest.ts";

/** A hospital trains, commits and attests; an aggregator only opens rounds and proposes, and has no vote. */
export type MemberRole = "hospital" | "aggregator";

/** An account that the contract has admitted. */
export interface Member {
  /** Position in the contract's bitmaps, 0 to 255; never reused. */
  readonly index: number;
  /** As admitted; it never changes. */
  readonly role: MemberRole;
  /** Its present chain key; a rotation replaces it. */
  readonly address: HospitalAddress;
  /** libp2p peer id that the member has bound itself; undefined before. */
  readonly peerId: string | undefined;
  /** False once the consortium has revoked it, which is for ever. */
  readonly active: boolean;
}

/** A manifest's digest and a sample count, recorded on chain. */
export interface Commitment {
  /** The hospital: by its present key in a round's state, by its key of that time in an event. */
  readonly member: HospitalAddress;
  /** The key that committed, which the manifest names. It differs from `member` after a rotation within the round. */
  readonly signer: HospitalAddress;
  /** The hospital's signed statement, which names the update. */
  readonly manifest: Digest;
  /** Training scans, at most the plan's sampleCap. */
  readonly sampleCount: number;
}

/** A hospital's recorded vote on a proposal. */
export interface Attestation {
  /** The hospital: by its present key in a round's state, by its key of that time in an event. */
  readonly member: HospitalAddress;
  /** The key that attested, which the scores name. */
  readonly signer: HospitalAddress;
  /** True if the hospital derived the same model. */
  readonly agree: boolean;
  /** Digest of its scores of the model on its validation patients, of its refusal where it disagrees, or zeroDigest. */
  readonly scores: Digest;
}

/** A model that a member proposes as the average of the included updates. */
export interface Proposal {
  /** Counts from 1 within the round. */
  readonly number: number;
  /** The member that made it, named as a hospital is in a commitment. */
  readonly proposer: HospitalAddress;
  /** The proposed model: hospitals agree if the included updates make the same. */
  readonly model: Digest;
  /** Hospitals whose updates are averaged, by member index. */
  readonly included: readonly HospitalAddress[];
  /** In chain order; those after the decision are recorded and do not count. */
  readonly attestations: readonly Attestation[];
  /** Whether it was made after the time that proposers give hospitals for serving updates (turns.ts). */
  readonly hasWaited: boolean;
  /**
   * accepted: it is the final model. refused: a third of the hospitals or more disagree. expired: not
   * decided in time. abandoned: its round ended while it was open. */
  readonly status: "open" | "accepted" | "refused" | "expired" | "abandoned";
}

/** What a federation with private sums may spend, and has spent. */
export interface PrivateSums {
  /** Digest of the mechanism that hides updates; zeroDigest where the federation only continues one with private sums. */
  readonly mechanism: Digest;
  /** Most seals, those of its predecessors included. */
  readonly maxSeals: number;
  /** Seals so far, those of its predecessors included. */
  readonly seals: number;
}

/** The set of updates whose sum may be opened in a round; there is one in each. */
export interface Seal {
  /** The member that made it, named as a hospital is in a commitment. */
  readonly by: HospitalAddress;
  /** Hospitals whose updates are summed, by member index. */
  readonly included: readonly HospitalAddress[];
  /** Whether it was made after the time that sealers give hospitals for serving objects (turns.ts). */
  readonly hasWaited: boolean;
  /** Chain time, seconds: until when only the opener may make the first proposal. */
  readonly proposeBy: number;
}

/** committing → proposed → final, with private sums committing → sealed → proposed → final; a refused or expired proposal leads back to proposing, too little leads to abandoned. */
export type RoundStatus = "committing" | "sealed" | "proposing" | "proposed" | "final" | "abandoned";

/** A round, as the contract has it. */
export interface RoundState {
  /** Counts from 1. */
  readonly id: RoundId;
  /** As of the newest confirmed block. */
  readonly status: RoundStatus;
  /** The member that opened it: at first it alone may propose. */
  readonly opener: HospitalAddress;
  /** The plan, which the consortium had agreed on before the opening. */
  readonly plan: Digest;
  /** The model to train from: the last final one, or the genesis. */
  readonly base: Digest;
  /** Members of this round: the hospitals that were active at its opening, by index. */
  readonly members: readonly HospitalAddress[];
  /** Chain time, seconds: until when commitments are taken. */
  readonly commitBy: number;
  /** Chain time, seconds: until when only the opener may make the first proposal. */
  readonly proposeBy: number;
  /** Until when the open proposal, or for the record the accepted one, may be attested; 0 where there is neither. */
  readonly attestBy: number;
  /**
   * Chain time after which the present status has lasted too long and `Ledger.expire` moves the round on. In a final or
   * abandoned round: the time after which members other than its opener open the next round.
   */
  readonly deadline: number;
  /** The opener let its time to propose pass, or its proposal was refused: it has to let others open next. */
  readonly openerFailed: boolean;
  /** In chain order. */
  readonly commitments: readonly Commitment[];
  /** Which sum may be opened; only with private sums, and only once sealed. */
  readonly seal?: Seal | undefined;
  /** In chain order; only the newest can be open, and at most one is accepted. */
  readonly proposals: readonly Proposal[];
  /** The final model, once final. */
  readonly model: Digest | undefined;
}

/** The contract's rules for every round opened from now on; periods in seconds. */
export interface RoundTerms {
  /** From the opening on, hospitals may commit for this long. */
  readonly commitPeriod: number;
  /** At first only the opener may propose, for this long; then every member may, for as long again. */
  readonly proposePeriod: number;
  /** A proposal may be attested for this long; then it expires. */
  readonly attestPeriod: number;
  /** Fewer updates make no model. */
  readonly minUpdates: number;
  /** The round is abandoned when this many proposals were not decided in time. */
  readonly maxExpired: number;
  /** Largest sample count of a commitment, at most 2^20; the plan has a cap of its own. */
  readonly sampleCap: number;
  /** Percent of the round's hospitals whose commitments start the grace period; 0: none does. */
  readonly earlyShare: number;
  /** After it committing ends, if it would not end sooner; 0 where the share is 0. */
  readonly gracePeriod: number;
}
