// The events of a hospital; the command line prints them as NDJSON.
import type { ErrorCode } from "../foundation/errors.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import type { RefusalCode } from "../protocol/format/refusal.ts";

/** What a hospital tells about its work, each with the hospital's chain address. */
export type HospitalEvent = {
  readonly hospital: HospitalAddress;
} /** The contract does not list this hospital yet. */ & (
  | { readonly event: "waiting-for-admission" | "waiting-for-funds" }
  /** A hospital without gas: a member with gas has to bind its peer key (consilium members bind-peer FILE). */
  | { readonly event: "waiting-for-peer-key"; readonly file: string }
  | {
      readonly event: "ready";
      readonly peerId: string;
      readonly listen: readonly string[];
      readonly trainScans: number;
      /** The newest final model that this hospital has adopted. */
      readonly adopted?: Digest;
    }
  | { readonly event: "round-opened"; readonly round: RoundId; readonly opener: HospitalAddress }
  | {
      readonly event: "training";
      readonly round: RoundId;
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
    }
  | {
      readonly event: "trained";
      readonly round: RoundId;
      readonly seconds: number;
      readonly loss: number;
      readonly sampleCount: number;
      /** L2 norm of the delta before clipping. */
      readonly norm: number;
      readonly clipped: boolean;
      readonly updateBytes: number;
    }
  | { readonly event: "committed"; readonly round: RoundId; readonly update: Digest; readonly sampleCount: number }
  /** Signed for other members to send; "committed" and "attested" follow when it is on chain. */
  | { readonly event: "published"; readonly what: "commitment" | "vote"; readonly round: RoundId }
  | { readonly event: "collected"; readonly round: RoundId; readonly member: HospitalAddress }
  | {
      readonly event: "invalid-update";
      readonly round: RoundId;
      readonly member: HospitalAddress;
      readonly code: ErrorCode;
    }
  | { readonly event: "proposed"; readonly round: RoundId; readonly model: Digest; readonly included: number }
  | {
      readonly event: "attested";
      readonly round: RoundId;
      readonly proposal: number;
      readonly agree: boolean;
      /** Time of recomputing and scoring, seconds; missing where other members sent the vote. */
      readonly seconds?: number;
    }
  | {
      readonly event: "refused";
      readonly round: RoundId;
      readonly proposal: number;
      readonly proposer: HospitalAddress;
      readonly code: RefusalCode;
      readonly member?: HospitalAddress;
    }
  | { readonly event: "adopted"; readonly round: RoundId; readonly model: Digest; readonly ours: boolean }
  | { readonly event: "round-abandoned"; readonly round: RoundId }
  /** Committing has ended without an update of these hospitals. */
  | { readonly event: "late"; readonly round: RoundId; readonly members: readonly HospitalAddress[] }
  | { readonly event: "plan-refused"; readonly round: RoundId; readonly plan: Digest }
  /** The chain shows an older round than before: a deep reorganisation, or a chain restored from a copy. */
  | { readonly event: "chain-rolled-back"; readonly seen: RoundId; readonly now: number }
  /** All rounds of the plan are final and this hospital has adopted the last model. It still serves its objects. */
  | { readonly event: "finished"; readonly rounds: number; readonly model: Digest }
  | { readonly event: "revoked" }
);

type WithoutHospital<Event> = Event extends HospitalEvent ? Omit<Event, "hospital"> : never;
/** Emits an event; the hospital's address is added. */
export type Emit = (event: WithoutHospital<HospitalEvent>) => void;
