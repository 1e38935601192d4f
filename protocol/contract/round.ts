// The contract's events, and members and rounds as parties read them. rules.ts derives the second from the first.
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

export interface Commitment {
  readonly member: HospitalAddress;
  /** The key that committed, which the manifest names. It differs from `member` after a rotation within the round. */
  readonly signer: HospitalAddress;
  readonly manifest: Digest;
  /** Training scans, at most the plan's sampleCap. */
  readonly sampleCount: number;
}

export interface Attestation {
  readonly member: HospitalAddress;
  /** The key that attested, which the scores name. */
  readonly signer: HospitalAddress;
  readonly agree: boolean;
  /** Digest of the hospital's scores of the proposed model on its validation patients, or zeroDigest. */
  readonly scores: Digest;
}

export interface Proposal {
  /** Counts from 1 within the round. */
  readonly number: number;
  readonly proposer: HospitalAddress;
  readonly model: Digest;
  /** Hospitals whose updates are averaged, by member index. */
  readonly included: readonly HospitalAddress[];
  readonly attestations: readonly Attestation[];
  /** Whether it was made after the time that proposers give hospitals for serving updates (turns.ts). */
  readonly hasWaited: boolean;
  readonly status: "open" | "accepted" | "refused" | "expired";
}

/** committing → proposed → final; a refused or expired proposal leads back to proposing, too little leads to abandoned. */
export type RoundStatus = "committing" | "proposing" | "proposed" | "final" | "abandoned";

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

/** Where an event stands on the chain. */
export interface EventPlace {
  /** Block number. */
  readonly block: number;
  /** 0x and 64 hex digits: another one at the same number is a reorganisation. */
  readonly blockHash: string;
  /** Position among all logs of the block, from 0: with the block it gives the order of events. */
  readonly logIndex: number;
  /** Hash of the transaction that emitted it, 0x and 64 hex digits. */
  readonly transaction: string;
  /** Block time, seconds since 1970. */
  readonly time: number;
}

/** What an event says, without its place. */
export type ContractEvent =
  | { readonly kind: "federation-founded"; readonly predecessor: HospitalAddress }
  /** The plan of the rounds opened from now on, and the genesis model; zeroDigest where this stays as it is. */
  | { readonly kind: "plan-agreed"; readonly plan: Digest; readonly genesis: Digest }
  | {
      readonly kind: "member-admitted";
      readonly member: HospitalAddress;
      readonly index: number;
      readonly role: MemberRole;
    }
  | { readonly kind: "member-revoked"; readonly member: HospitalAddress; readonly index: number }
  /** The member with this index continues under a new chain key. */
  | {
      readonly kind: "member-rotated";
      readonly from: HospitalAddress;
      readonly to: HospitalAddress;
      readonly index: number;
    }
  | { readonly kind: "peer-bound"; readonly member: HospitalAddress; readonly index: number; readonly peerId: string }
  | { readonly kind: "terms-set"; readonly terms: RoundTerms }
  /** No round moves up to this chain time, in seconds. */
  | { readonly kind: "rounds-paused"; readonly until: number }
  | RoundEvent;

/** What happened in a round. */
export type RoundEvent = { readonly round: RoundId } & (
  | ({ readonly kind: "round-opened" } & Pick<
      RoundState,
      "opener" | "plan" | "base" | "members" | "commitBy" | "proposeBy"
    >)
  | ({ readonly kind: "update-committed" } & Omit<Commitment, "signer">)
  | ({
      readonly kind: "model-proposed";
      readonly attestBy: number;
      /** The contract's rolling hash of all commitments so far (commitments-hash.ts). */
      readonly commitmentsHash: Digest;
    } & Pick<Proposal, "number" | "proposer" | "model" | "included">)
  /** Enough hospitals have committed: the others have until then. */
  | { readonly kind: "committing-shortened"; readonly commitBy: number; readonly proposeBy: number }
  | ({ readonly kind: "attested"; readonly proposal: number } & Omit<Attestation, "signer">)
  /** Votes that were sent together, in the order of their members' indices. */
  | {
      readonly kind: "attested-together";
      readonly proposal: number;
      readonly votes: readonly Omit<Attestation, "signer">[];
    }
  /** A hospital was revoked while the proposal was open: its attestation no longer counts. */
  | { readonly kind: "attestation-withdrawn"; readonly proposal: number; readonly member: HospitalAddress }
  | { readonly kind: "proposal-closed"; readonly proposal: number; readonly status: "refused" | "expired" }
  | { readonly kind: "round-finalised"; readonly proposal: number; readonly model: Digest }
  | { readonly kind: "round-abandoned" }
);

/** An event of the contract, with its place on the chain. */
export type LedgerEvent = EventPlace & ContractEvent;

export type EventOf<Kind extends ContractEvent["kind"]> = EventPlace & Extract<ContractEvent, { readonly kind: Kind }>;
