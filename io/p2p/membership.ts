// Who may connect: the contract's list, as the network asks it.
import type { HospitalAddress, RoundId } from "../../protocol/format/digest.ts";

/** A view of the contract that is kept current by its owner (the composition root, from the Ledger). */
export interface Membership {
  /** The active member that has bound this peer id; undefined for strangers and revoked members. */
  memberOf(peerId: string): HospitalAddress | undefined;
  latestRound(): RoundId;
  /** Calls back whenever members or the latest round may have changed; returns the unsubscribe function. */
  onChange(listener: () => void): () => void;
}
