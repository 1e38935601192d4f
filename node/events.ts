// The events of a hospital; the command line prints them as NDJSON.
import type { ErrorCode } from "../foundation/errors.ts";
import type { BudgetSpent } from "../party/sum-budget.ts";
import type { SumEvent } from "../party/sum-events.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import type { RefusalCode } from "../protocol/format/refusal.ts";

/** What a hospital tells about its work: an event about itself, or about one of its rounds. */
export type HospitalEvent = {
  /** Chain address of the hospital that tells it; the same in all events of a process. */
  readonly hospital: HospitalAddress;
} & (EventOfHospital | EventOfRound | SumEvent | BudgetSpent);

/** What a hospital tells about itself. */
export type EventOfHospital =
  | {
      /**
       * waiting-for-admission: the contract does not list this hospital as an active member yet. waiting-for-funds: its
       * account cannot pay for a transaction; it tries again until it can. waiting-for-endpoints: its RPC endpoints show
       * different chains; it acts only on what more than half of them show, and continues when they agree again.
       */
      readonly event: "waiting-for-admission" | "waiting-for-funds" | "waiting-for-endpoints";
    }
  | {
      /** A hospital without gas waits until a member with gas has bound its peer key. */
      readonly event: "waiting-for-peer-key";
      /** Path of the statement that the member sends by `consilium members bind-peer FILE`. */
      readonly file: string;
    }
  | {
      /** It is admitted, reads its shard and is on the network; rounds follow. Told once. */
      readonly event: "ready";
      /** libp2p peer id, as bound on chain. */
      readonly peerId: string;
      /** Multiaddrs under which other members reach it. */
      readonly listen: readonly string[];
      /** Scans in the training part of its shard. */
      readonly trainScans: number;
      /** The newest final model that this hospital has adopted; undefined before its first. */
      readonly adopted?: Digest;
    }
  | {
      /** The chain shows an older round than before: a deep reorganisation, or a chain restored from a copy. */
      readonly event: "chain-rolled-back";
      /** The newest round that this process had seen. */
      readonly seen: RoundId;
      /** The newest round that the chain shows now; 0 for none. */
      readonly now: number;
    }
  | {
      /** All rounds of the plan are final and this hospital has adopted the last model. It still serves its objects. */
      readonly event: "finished";
      /** Final rounds of the federation, at least the plan's `rounds`. */
      readonly rounds: number;
      /** The last final model. */
      readonly model: Digest;
    }
  | {
      /** The consortium has revoked this hospital: it can no longer commit, attest or propose. */
      readonly event: "revoked";
    };

/** What a hospital tells about a round. */
export type EventOfRound = {
  /** The round, from 1. */
  readonly round: RoundId;
} & (
  | {
      /** This process sees the round for the first time. */
      readonly event: "round-opened";
      /** The member that opened it and may propose first. */
      readonly opener: HospitalAddress;
    }
  | {
      /** A training step is done. */
      readonly event: "training";
      /** From 1; one that resumes from a checkpoint starts after its step. */
      readonly step: number;
      /** All steps of this round's training: local epochs times batches. */
      readonly steps: number;
      /** Of this step's batch, before the step. */
      readonly loss: number;
    }
  | {
      /** The update is made and stored; the commitment follows. */
      readonly event: "trained";
      /** Time of the training in this process; what a restarted one had done before its checkpoint is not in it. */
      readonly seconds: number;
      /** Of the last step's batch. */
      readonly loss: number;
      /** Training scans, at most the plan's `sampleCap`: the update's weight before `maxSharePermille`. */
      readonly sampleCount: number;
      /** L2 norm of delta and residual before clipping. */
      readonly norm: number;
      /** Whether `norm` was above the plan's `clipNorm`, so that the update was scaled down to it. */
      readonly clipped: boolean;
      /** Size of the update's file, bytes. */
      readonly updateBytes: number;
    }
  | {
      /** The commitment is on chain. */
      readonly event: "committed";
      /** Digest of the update; the chain has the digest of the manifest that names it. */
      readonly update: Digest;
      /** As recorded on chain. */
      readonly sampleCount: number;
    }
  | {
      /** Signed for other members to send; "committed" and "attested" follow when it is on chain. */
      readonly event: "published";
      /** What was signed. */
      readonly what: "commitment" | "vote";
    }
  | {
      /** A committed update is here and valid. */
      readonly event: "collected";
      /** The hospital that committed to it. */
      readonly member: HospitalAddress;
    }
  | {
      /** A committed update is here and its bytes prove it invalid: no proposal may include it. */
      readonly event: "invalid-update";
      /** The hospital that committed to it. */
      readonly member: HospitalAddress;
      /** The check that failed, the same for every party. */
      readonly code: ErrorCode;
    }
  | {
      /** With private sums: this hospital has found no right share of a member's mask key in its box, and says so to all. */
      readonly event: "complained";
      /** The hospital that dealt. */
      readonly member: HospitalAddress;
      /** unserved: nobody serves the box. unreadable: it does not open. wrong: its share does not fit. */
      readonly reason: "unserved" | "unreadable" | "wrong";
    }
  | {
      /** With private sums: this hospital has opened its share of the sealed sum, once and for no other set. */
      readonly event: "opened-sum";
      /** Number of updates in the sum. */
      readonly included: number;
    }
  | {
      /** This hospital has proposed a model on chain. */
      readonly event: "proposed";
      /** Digest of the model. */
      readonly model: Digest;
      /** Number of updates that it averages: all valid ones that this hospital has collected. */
      readonly included: number;
    }
  | {
      /** This hospital agrees to a proposed model and has scored it on its own validation patients; "attested" follows. */
      readonly event: "scored";
      /** Validation patients. */
      readonly patients: number;
      /** Area under the curve on them; undefined where they are all of one class. */
      readonly auc: number | undefined;
    }
  | {
      /** This hospital's vote is on chain. */
      readonly event: "attested";
      /** Number of the proposal within the round, from 1. */
      readonly proposal: number;
      /** True if this hospital derived the same model. */
      readonly agree: boolean;
      /** Time of recomputing and scoring, seconds; missing where other members sent the vote. */
      readonly seconds?: number;
    }
  | {
      /** This hospital votes against a proposal; "attested" follows. */
      readonly event: "refused";
      /** Number of the proposal within the round, from 1. */
      readonly proposal: number;
      /** The member that made it. */
      readonly proposer: HospitalAddress;
      /** The first fault that was found. */
      readonly code: RefusalCode;
      /** The hospital of the update that was left out or must not be in; undefined for faults of the whole proposal. */
      readonly member?: HospitalAddress;
    }
  | {
      /** A final model is the base of this hospital's next training. */
      readonly event: "adopted";
      /** Digest of the model. */
      readonly model: Digest;
      /** Whether the model includes an update of this hospital. */
      readonly ours: boolean;
    }
  | {
      /** The round ended without a model. */
      readonly event: "round-abandoned";
    }
  | {
      /** Committing has ended without an update of some hospitals. Told once a round. */
      readonly event: "late";
      /** These hospitals, by member index. */
      readonly members: readonly HospitalAddress[];
    }
  | {
      /** The round's plan is not the one that this hospital's configuration names: it does not train, and votes against. */
      readonly event: "plan-refused";
      /** Digest of the round's plan. */
      readonly plan: Digest;
    }
);

type WithoutHospital<Event> = Event extends HospitalEvent ? Omit<Event, "hospital"> : never;
/** Emits an event; the hospital's address is added. */
export type Emit = (event: WithoutHospital<HospitalEvent>) => void;
