// The contract's events, as parties read them from the chain.
import type { Digest, HospitalAddress, RoundId } from "../format/digest.ts";
import type {
  Attestation,
  Commitment,
  MemberRole,
  PrivateSums,
  Proposal,
  RoundState,
  RoundTerms,
  Seal,
} from "./round.ts";

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
  | {
      /** The first event of a contract. */
      readonly kind: "federation-founded";
      /** The contract that this one continues; the zero address for none. */
      readonly predecessor: HospitalAddress;
    }
  | ({
      /** The federation has private sums, or continues one that has. */
      readonly kind: "private-sums-founded";
    } & PrivateSums)
  | {
      /** The consortium agreed on a plan, or at the founding on a genesis; zeroDigest where one stays as it is. */
      readonly kind: "plan-agreed";
      /** The plan of the rounds opened from now on. */
      readonly plan: Digest;
      /** The model that the first round starts from. */
      readonly genesis: Digest;
    }
  | {
      /** An account became a member; it may commit and attest from the next round on. */
      readonly kind: "member-admitted";
      /** Its chain key. */
      readonly member: HospitalAddress;
      /** Its position in every bitmap, 0 to 255. */
      readonly index: number;
      /** Its role for ever. */
      readonly role: MemberRole;
    }
  | {
      /** A member is one no more, from this block on. */
      readonly kind: "member-revoked";
      /** Its chain key. */
      readonly member: HospitalAddress;
      /** Its index, which no other member gets. */
      readonly index: number;
    }
  | {
      /** The member with this index continues under a new chain key. */
      readonly kind: "member-rotated";
      /** Its key so far, which is worth nothing from now on. */
      readonly from: HospitalAddress;
      /** Its new key. */
      readonly to: HospitalAddress;
      /** Its index, which stays. */
      readonly index: number;
    }
  | {
      /** A member said which libp2p peer it runs; a bad proof of possession makes no such event. */
      readonly kind: "peer-bound";
      /** Its chain key. */
      readonly member: HospitalAddress;
      /** Its index. */
      readonly index: number;
      /** libp2p peer id of its Ed25519 key. */
      readonly peerId: string;
    }
  | {
      /** New terms, for the rounds opened from now on. */
      readonly kind: "terms-set";
      /** All of them. */
      readonly terms: RoundTerms;
    }
  | {
      /** The owner paused the rounds, or ended a pause. */
      readonly kind: "rounds-paused";
      /** Chain time, seconds, up to which no round moves; 0 ends a pause. */
      readonly until: number;
    }
  | RoundEvent;

/** What happened in a round. */
export type RoundEvent = {
  /** The round, from 1. */
  readonly round: RoundId;
} & (
  | ({
      /** A member opened the next round. */
      readonly kind: "round-opened";
    } & Pick<RoundState, "opener" | "plan" | "base" | "members" | "commitBy" | "proposeBy">)
  | ({
      /** A hospital committed to an update. */
      readonly kind: "update-committed";
    } & Omit<Commitment, "signer">)
  | ({
      /** A member sealed the round: the sum of the included updates may be opened. */
      readonly kind: "round-sealed";
      /** The member that sealed it. */
      readonly member: HospitalAddress;
      /** The contract's rolling hash of all commitments so far (commitments-hash.ts). */
      readonly commitmentsHash: Digest;
    } & Pick<Seal, "included" | "proposeBy"> &
      Pick<PrivateSums, "seals">)
  | ({
      /** A member proposed a model. */
      readonly kind: "model-proposed";
      /** Chain time, seconds, until when it may be attested. */
      readonly attestBy: number;
      /** The contract's rolling hash of all commitments so far (commitments-hash.ts). */
      readonly commitmentsHash: Digest;
    } & Pick<Proposal, "number" | "proposer" | "model" | "included">)
  | {
      /** Enough hospitals have committed, by the terms' `earlyShare`: the others have the grace period. */
      readonly kind: "committing-shortened";
      /** As in RoundState. */
      readonly commitBy: number;
      /** As in RoundState. */
      readonly proposeBy: number;
    }
  | ({
      /** A hospital voted. */
      readonly kind: "attested";
      /** Number of the proposal. */
      readonly proposal: number;
    } & Omit<Attestation, "signer">)
  | {
      /** A member sent several hospitals' signed votes in one transaction. */
      readonly kind: "attested-together";
      /** Number of the proposal. */
      readonly proposal: number;
      /** In the order of their members' indices. */
      readonly votes: readonly Omit<Attestation, "signer">[];
    }
  | {
      /** A hospital was revoked while the proposal was open: its attestation no longer counts. */
      readonly kind: "attestation-withdrawn";
      /** Number of the proposal. */
      readonly proposal: number;
      /** The hospital, by the key that was revoked. */
      readonly member: HospitalAddress;
    }
  | {
      /** A proposal was not accepted: another one may be made. */
      readonly kind: "proposal-closed";
      /** Number of the proposal. */
      readonly proposal: number;
      /** Why: a third of the hospitals or more disagree, or its time is over. */
      readonly status: "refused" | "expired";
    }
  | {
      /** More than two thirds of the round's hospitals agree: the model is final. */
      readonly kind: "round-finalised";
      /** Number of the proposal. */
      readonly proposal: number;
      /** The proposed model, the base of the next round. */
      readonly model: Digest;
    }
  | {
      /** The round ended without a model: too few updates, or too many proposals that were not decided. */
      readonly kind: "round-abandoned";
    }
);

/** An event of the contract, with its place on the chain. */
export type LedgerEvent = EventPlace & ContractEvent;

/** The events of a kind, with their place on the chain. */
export type EventOf<Kind extends ContractEvent["kind"]> = EventPlace & Extract<ContractEvent, { readonly kind: Kind }>;
