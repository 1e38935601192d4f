// The events of an aggregator; the command line prints them as NDJSON.
import type { ErrorCode } from "../foundation/errors.ts";
import type { BudgetSpent } from "../party/sum-budget.ts";
import type { SumEvent } from "../party/sum-events.ts";
import type { Digest, HospitalAddress, RoundId } from "../protocol/format/digest.ts";

export type AggregatorEvent = { readonly aggregator: HospitalAddress } & (
  | SumEvent
  | BudgetSpent
  | { readonly event: "waiting-for-admission" | "waiting-for-funds" | "waiting-for-endpoints" }
  | { readonly event: "ready"; readonly peerId: string; readonly listen: readonly string[] }
  | { readonly event: "round-opened"; readonly round: RoundId; readonly opener: HospitalAddress }
  | { readonly event: "collected"; readonly round: RoundId; readonly member: HospitalAddress }
  | {
      readonly event: "invalid-update";
      readonly round: RoundId;
      readonly member: HospitalAddress;
      readonly code: ErrorCode;
    }
  | {
      readonly event: "proposed";
      readonly round: RoundId;
      readonly model: Digest;
      readonly included: number;
      /** Time of averaging and of the transaction, seconds. */
      readonly seconds: number;
    }
  | { readonly event: "final"; readonly round: RoundId; readonly model: Digest }
  | { readonly event: "round-abandoned"; readonly round: RoundId }
  /** Committing has ended without an update of these hospitals. */
  | { readonly event: "late"; readonly round: RoundId; readonly members: readonly HospitalAddress[] }
  /** The chain shows an older round than before: a deep reorganisation, or a chain restored from a copy. */
  | { readonly event: "chain-rolled-back"; readonly seen: RoundId; readonly now: number }
  /** All rounds of the plan are final. The aggregator still serves its objects. */
  | { readonly event: "finished"; readonly rounds: number; readonly model: Digest }
);
