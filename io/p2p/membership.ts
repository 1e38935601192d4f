// The contract's list of members, as the network needs it.
import type { HospitalAddress, RoundId } from "../../protocol/format/digest.ts";

/** The composition root keeps it current from the Ledger. */
export interface Membership {
  /** The active member that has bound this peer id; undefined for strangers and revoked members. */
  memberOf(peerId: string): HospitalAddress | undefined;
  latestRound(): RoundId;
  /** Calls back whenever members or the latest round may have changed; returns the unsubscribe function. */
  onChange(listener: () => void): () => void;
}
