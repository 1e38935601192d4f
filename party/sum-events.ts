// What a party tells about a round with private sums, besides what it tells about every round.
import type { ErrorCode } from "../foundation/errors.ts";
import type { HospitalAddress, RoundId } from "../protocol/format/digest.ts";
import type { DealerFault } from "../protocol/judge/dealers.ts";
import type { SumObjectKind } from "./sum-observations.ts";

/** An event of a round with private sums, of hospitals and aggregators. */
export type SumEvent = {
  /** The round, from 1. */
  readonly round: RoundId;
} & (
  | {
      /** This party has sealed the round on chain: the sum of the included updates may be opened. */
      readonly event: "sealed";
      /** Number of updates in the sum. */
      readonly included: number;
    }
  | {
      /** The seal of this party leaves out a committed update. */
      readonly event: "left-out";
      /** The hospital that committed to it. */
      readonly member: HospitalAddress;
      /**
       * wrong, share: bytes prove a fault of its objects, or of a share. complaints: too many holders complained. unanswered,
       * unserved: the time for checking is over.
       */
      readonly reason: DealerFault;
    }
  | {
      /** An object that a member announced is not what it should be. */
      readonly event: "invalid-object";
      /** The member. */
      readonly member: HospitalAddress;
      /** What it should be. */
      readonly object: SumObjectKind;
      /** The check that failed, the same for every party. */
      readonly code: ErrorCode;
    }
);
