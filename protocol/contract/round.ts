// A round as the contract tells it: the events, and the state that any reader folds from them.
import type { Digest, HospitalAddress, RoundId } from "../format/digest.ts";

/** A hospital trains, commits and attests; an aggregator opens rounds and proposes only, and counts in no quorum. */
export type MemberRole = "hospital" | "aggregator";

export interface Member {
  /** Position in the contract's bitmaps, 0 to 255; never reused. */
  readonly index: number;
  readonly role: MemberRole;
  readonly address: HospitalAddress;
  /** libp2p peer id bound by the hospital itself; undefined until it has. */
  readonly peerId: string | undefined;
  readonly active: boolean;
}

export interface Commitment {
  readonly member: HospitalAddress;
  /** The address that committed, and that the manifest names: the member's until it changed its key in the round. */
  readonly signer: HospitalAddress;
  readonly manifest: Digest;
  /** Training scans, at most the plan's sampleCap. */
  readonly sampleCount: number;
}

export interface Attestation {
  readonly member: HospitalAddress;
  readonly agree: boolean;
  /** Digest of the hospital's scores of the proposed model on its validation patients, or zeroDigest. */
  readonly scores: Digest;
}

export interface Proposal {
  /** Counts from 1 within the round. */
  readonly number: number;
  readonly proposer: HospitalAddress;
  readonly model: Digest;
  /** Whose updates are averaged, by member index. */
  readonly included: readonly HospitalAddress[];
  readonly attestations: readonly Attestation[];
  readonly status: "open" | "accepted" | "refused" | "expired";
}

/** committing → proposed → final; a refused or expired proposal leads back to proposing, too little leads to abandoned. */
export type RoundStatus = "committing" | "proposing" | "proposed" | "final" | "abandoned";

export interface RoundState {
  readonly id: RoundId;
  readonly status: RoundStatus;
  readonly opener: HospitalAddress;
  readonly plan: Digest;
  readonly base: Digest;
  /** Members of this round: the hospitals that were active at its opening, by index. */
  readonly members: readonly HospitalAddress[];
  /** Chain times, seconds: until when commitments are taken; until when only the opener may propose. */
  readonly commitBy: number;
  readonly proposeBy: number;
  /** Until when the open proposal may be attested; 0 where none is open. */
  readonly attestBy: number;
  /**
   * Chain time after which the present status has lasted too long and `Ledger.expire` moves the round on; once it is
   * final or abandoned, the time after which members other than its opener open the next round.
   */
  readonly deadline: number;
  /** In chain order. */
  readonly commitments: readonly Commitment[];
  readonly proposals: readonly Proposal[];
  /** The final model, once final. */
  readonly model: Digest | undefined;
}

/** The contract's rules for every round opened from now on; periods in seconds. */
export interface RoundTerms {
  readonly commitPeriod: number;
  /** In which the opener alone may propose first; then anyone may, for as long again. */
  readonly proposePeriod: number;
  readonly attestPeriod: number;
  /** Fewer updates make no model. */
  readonly minUpdates: number;
  /** Proposals that may fail before the round is abandoned. */
  readonly maxProposals: number;
  readonly sampleCap: number;
}

/** Where an event stands on the chain. */
export interface EventPlace {
  readonly block: number;
  readonly blockHash: string;
  readonly logIndex: number;
  readonly transaction: string;
  /** Block time, seconds. */
  readonly time: number;
}

export type LedgerEvent = EventPlace &
  (
    | {
        readonly kind: "member-admitted";
        readonly member: HospitalAddress;
        readonly index: number;
        readonly role: MemberRole;
      }
    | { readonly kind: "member-revoked"; readonly member: HospitalAddress; readonly index: number }
    /** The member with this index goes on under a new chain key. */
    | {
        readonly kind: "member-rotated";
        readonly from: HospitalAddress;
        readonly to: HospitalAddress;
        readonly index: number;
      }
    | { readonly kind: "peer-bound"; readonly member: HospitalAddress; readonly index: number; readonly peerId: string }
    | { readonly kind: "terms-set"; readonly terms: RoundTerms }
    | ({ readonly kind: "round-opened"; readonly round: RoundId } & Pick<
        RoundState,
        "opener" | "plan" | "base" | "members" | "commitBy" | "proposeBy"
      >)
    | ({ readonly kind: "update-committed"; readonly round: RoundId } & Omit<Commitment, "signer">)
    | ({
        readonly kind: "model-proposed";
        readonly round: RoundId;
        readonly attestBy: number;
        /** The contract's rolling hash of all commitments so far (protocol/contract/commitments-hash.ts). */
        readonly commitmentsHash: Digest;
      } & Pick<Proposal, "number" | "proposer" | "model" | "included">)
    | ({ readonly kind: "attested"; readonly round: RoundId; readonly proposal: number } & Attestation)
    /** A hospital was revoked while the proposal was open: its attestation counts no more. */
    | {
        readonly kind: "attestation-withdrawn";
        readonly round: RoundId;
        readonly proposal: number;
        readonly member: HospitalAddress;
      }
    | {
        readonly kind: "proposal-closed";
        readonly round: RoundId;
        readonly proposal: number;
        readonly status: "refused" | "expired";
      }
    | { readonly kind: "round-finalised"; readonly round: RoundId; readonly proposal: number; readonly model: Digest }
    | { readonly kind: "round-abandoned"; readonly round: RoundId }
  );
