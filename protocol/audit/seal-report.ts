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
}
