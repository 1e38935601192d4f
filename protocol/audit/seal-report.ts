// What an audit says of the one sum of a round with private sums.
import type { Digest, HospitalAddress } from "../format/digest.ts";

/** Which sum of updates was opened in a round with private sums. */
export interface SealReport {
  /** The member that sealed the round. */
  readonly by: HospitalAddress;
  /** Hospitals whose updates are summed. */
  readonly included: readonly HospitalAddress[];
  /** The key of the sum, from which this audit derived it; absent if none was found. */
  readonly key?: Digest | undefined;
  /** What became of each bucket, in the order of the draw; absent without buckets, or without a key. */
  readonly buckets?: readonly BucketReport[] | undefined;
}

/** A group of the round's hospitals with a sum of its own. */
export interface BucketReport {
  /** Hospitals that were drawn into it. */
  readonly drawn: readonly HospitalAddress[];
  /** Those of them that were sealed. */
  readonly included: readonly HospitalAddress[];
  /**
   * summed: its mean went into the model's rule. left-out: too few of it were sealed, and nobody opened its sum. spoilt: its sum
   * is not one of updates, and was not used.
   */
  readonly outcome: "summed" | "left-out" | "spoilt";
}
